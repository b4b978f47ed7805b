// Load htmx from the CDN, or our own copy where the CDN fails, sends something else than was agreed, or is silent.
"use strict";
{
  const { cdn, integrity, copy } = document.currentScript.dataset;
  const CDN_MILLISECONDS = 1000;

  const add = (address, more = {}) => {
    const script = Object.assign(document.createElement("script"), more, { src: address });
    document.head.append(script);
    return script;
  };

  // Not before the page is complete: htmx waits for DOMContentLoaded, which by then would have passed unheard. And not
  // as a tag of the page: a CDN that is silent would keep the page from being complete for minutes.
  addEventListener("load", () => {
    const script = add(cdn, { integrity, crossOrigin: "anonymous" });
    const takeOurs = () => {
      clearTimeout(timer);
      if (window.htmx || !script.isConnected) return;
      // A script that was moved to another document does not run, however late it arrives: htmx must not run twice.
      document.implementation.createHTMLDocument().head.append(script);
      add(copy);
    };
    const timer = setTimeout(takeOurs, CDN_MILLISECONDS);
    script.addEventListener("error", takeOurs);
  });
}
