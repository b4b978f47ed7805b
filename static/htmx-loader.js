// Where the CDN could not be reached, or sent something else than was agreed, take our own copy.
"use strict";
{
  const copy = document.currentScript.dataset.copy;
  // Not before the page is complete: htmx waits for DOMContentLoaded, which by then would have passed unheard.
  addEventListener("load", () => {
    if (window.htmx) return;
    const script = document.createElement("script");
    script.src = copy;
    document.head.append(script);
  });
}
