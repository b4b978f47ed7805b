// Loads htmx from the CDN, or our own copy if the CDN fails, times out or fails the integrity check.
"use strict";
{
  const { cdn, integrity, copy } = document.currentScript.dataset;
  const CDN_MILLISECONDS = 1000;

  const add = (address, more = {}) => {
    const script = Object.assign(document.createElement("script"), more, { src: address });
    document.head.append(script);
    return script;
  };

  // Not before the page is loaded: htmx waits for DOMContentLoaded, and would miss it if it came in between. And not
  // as a tag of the page: a CDN that does not respond would delay the load event for minutes.
  addEventListener("load", () => {
    const script = add(cdn, { integrity, crossOrigin: "anonymous" });
    const takeOurs = () => {
      clearTimeout(timer);
      if (window.htmx || !script.isConnected) return;
      // Once moved to another document a script does not run, however late it arrives: htmx must not run twice.
      document.implementation.createHTMLDocument().head.append(script);
      add(copy);
    };
    const timer = setTimeout(takeOurs, CDN_MILLISECONDS);
    script.addEventListener("error", takeOurs);
  });
}
