// Adds a progress bar to the upload form, which also works without this script.
"use strict";
{
  const form = document.getElementById("upload");
  const input = form.elements.namedItem("file");
  const part = (id) => document.getElementById(id);
  const limit = Number(form.dataset.maxBytes) || Infinity;
  let request = null;

  const size = (bytes) => {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let at = 0;
    while (bytes >= 999.5 && at < units.length - 1) [bytes, at] = [bytes / 1000, at + 1];
    return `${at && bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${units[at]}`;
  };
  const counted = (count, unit) => `${count} ${unit}${count === 1 ? "" : "s"}`;
  const span = (seconds) => {
    if (seconds < 90) return counted(Math.max(1, Math.round(seconds)), "second");
    const minutes = Math.round(seconds / 60);
    const words = [[Math.floor(minutes / 60), "hour"], [minutes % 60, "minute"]];
    return words.filter(([count]) => count).map(([count, unit]) => counted(count, unit)).join(" ");
  };
  const say = (words) => { if (part("say").textContent !== words) part("say").textContent = words; };

  const complain = (words, isBad = true) => {
    part("problem").textContent = words;
    part("problem").hidden = !words;
    part("problem").className = isBad ? "problem" : "notice";
  };

  const showChosen = () => {
    const files = [...input.files];
    part("chosen").replaceChildren(...files.map((file) => {
      const item = document.createElement("li");
      const name = document.createElement("strong");
      name.textContent = file.name;
      item.append(name, ` ${size(file.size)}`);
      return item;
    }));
    part("chosen").hidden = !files.length;
    part("choose").textContent = files.length ? "Choose different files" : "Choose files";
    part("drop").classList.toggle("has-files", files.length > 0);
    const large = files.find((file) => file.size > limit);
    complain(large ? `${large.name} is ${size(large.size)}. The limit is ${size(limit)}.` : "");
  };

  const setBusy = (busy) => {
    form.classList.toggle("busy", busy);
    part("start").hidden = busy;
    part("cancel").hidden = part("sending").hidden = !busy;
    for (const field of form.querySelectorAll("input:not([type=hidden])")) field.disabled = busy;
    (busy ? part("cancel") : part("start")).focus();
  };

  // Speed over the last seconds, not since the start, so that it is right for a connection that has become slow.
  const meter = (file, note) => {
    const marks = [[performance.now(), 0]];
    return (event) => {
      marks.push([performance.now(), event.loaded]);
      while (marks.length > 2 && marks.at(-1)[0] - marks[0][0] > 5000) marks.shift();
      const seconds = (marks.at(-1)[0] - marks[0][0]) / 1000;
      const speed = seconds > 0.2 ? (event.loaded - marks[0][1]) / seconds : 0;
      const done = Math.min(event.loaded, file.size);
      note(done);
      part("bar").value = event.total ? event.loaded / event.total : 0;
      part("figures").textContent = done >= file.size
        ? "Uploaded. Checking your file…"
        : `${file.name}: uploading ${size(done)} of ${size(file.size)}`
          + (speed ? `, ${size(speed)}/s, ${span((event.total - event.loaded) / speed)} left` : "");
      say(`Uploading ${file.name}, ${Math.floor((event.loaded / event.total) * 4) * 25} percent`);
    };
  };

  const answerOf = (xhr) => { try { return JSON.parse(xhr.responseText); } catch { return {}; } };

  class Cancelled extends Error {}

  const upload = (file, badRows) => new Promise((resolve, reject) => {
    const body = new FormData();
    let done = 0;
    body.append("bad_rows", badRows);
    body.append("file", file, file.name);
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", form.elements.namedItem("csrf_token").value);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = meter(file, (bytes) => { done = bytes; });
    request.onload = () => {
      const answer = answerOf(request);
      if (request.status === 200 && answer.address) resolve(answer.address);
      else reject(new Error(answer.message || `We couldn't receive ${file.name}. Please try again.`));
    };
    request.onerror = () => reject(new Error(`Your connection dropped at ${size(done)} of ${size(file.size)}. Please try again.`));
    const nothing = input.files.length > 1 ? `Nothing of ${file.name}` : "Nothing";
    request.onabort = () => reject(new Cancelled(`Upload cancelled. ${nothing} was saved.`));
    request.send(body);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const files = [...input.files];
    if (!files.length) return complain("Choose a file first.");
    if (files.some((file) => file.size > limit)) return showChosen();
    complain("");
    const badRows = form.elements.namedItem("bad_rows").value;
    setBusy(true);
    try {
      let address = "";
      for (const file of files) address = await upload(file, badRows);
      leaving = true;
      location.assign(files.length === 1 ? address : form.dataset.files);
    } catch (error) {
      setBusy(false);
      complain(error.message, !(error instanceof Cancelled));
    } finally {
      request = null;
    }
  });

  let leaving = false;
  addEventListener("beforeunload", (event) => { if (request && !leaving) event.preventDefault(); });
  document.documentElement.classList.add("scripted");
  part("cancel").addEventListener("click", () => request?.abort());
  input.addEventListener("change", showChosen);

  const drop = part("drop");
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length || request) return;
    input.files = event.dataTransfer.files;
    showChosen();
  });
  showChosen();
}
