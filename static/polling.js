// Polite polling: hidden tabs do not poll, polling resumes after an outage of the site, and a screen reader announces
// a change only when the words of the page have changed.
"use strict";
{
  const polls = (element) => element instanceof Element && element.hasAttribute("hx-trigger");

  document.addEventListener("htmx:load", () => document.documentElement.classList.add("scripted"));

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && polls(event.target)) {
      event.preventDefault();
      document.addEventListener("visibilitychange", () => window.htmx.trigger(event.target, "again"), { once: true });
    }
  });

  const askLater = (event) => {
    if (polls(event.target)) setTimeout(() => window.htmx.trigger(event.target, "again"), 4000);
  };
  document.addEventListener("htmx:sendError", askLater);
  document.addEventListener("htmx:timeout", askLater);
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) askLater(event);
  });

  document.addEventListener("htmx:afterSettle", () => {
    const say = document.getElementById("say");
    const words = document.querySelector("[data-say]")?.dataset.say;
    if (say && words && say.textContent !== words) say.textContent = words;
  });
}
