// Adds a copy button to each code block. Without a clipboard, as on plain HTTP, there are none.
for (const code of navigator.clipboard ? document.querySelectorAll("pre > code") : []) {
  const button = document.createElement("button");
  button.className = "quiet copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent + "\n");
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  const frame = document.createElement("div");
  frame.className = "snippet";
  code.parentElement.replaceWith(frame);
  frame.append(code.parentElement, button);
}
