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
  const span = (seconds) => {
    if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  };
  const say = (words) => { if (part("say").textContent !== words) part("say").textContent = words; };

  const complain = (words) => {
    part("problem").textContent = words;
    part("problem").hidden = !words;
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
    part("choose").textContent = files.length ? "Choose others" : "Choose files";
    part("drop").classList.toggle("has-files", files.length > 0);
    const large = files.find((file) => file.size > limit);
    complain(large ? `${large.name} has ${size(large.size)}. This site accepts files up to ${size(limit)}.` : "");
  };

  const setBusy = (busy) => {
    form.classList.toggle("busy", busy);
    part("start").hidden = busy;
    part("cancel").hidden = part("sending").hidden = !busy;
    for (const field of form.querySelectorAll("input:not([type=hidden])")) field.disabled = busy;
    (busy ? part("cancel") : part("start")).focus();
  };

  // Speed over the last seconds, not since the start, so that it is right for a connection that has become slow.
  const meter = (file) => {
    const marks = [[performance.now(), 0]];
    return (event) => {
      marks.push([performance.now(), event.loaded]);
      while (marks.length > 2 && marks.at(-1)[0] - marks[0][0] > 5000) marks.shift();
      const seconds = (marks.at(-1)[0] - marks[0][0]) / 1000;
      const speed = seconds > 0.2 ? (event.loaded - marks[0][1]) / seconds : 0;
      const sent = Math.min(event.loaded, file.size);
      part("bar").value = event.total ? event.loaded / event.total : 0;
      part("figures").textContent = sent >= file.size
        ? `${file.name}: all ${size(file.size)} sent, one moment…`
        : `${file.name}: uploading ${size(sent)} of ${size(file.size)}`
          + (speed ? `, ${size(speed)}/s, ${span((event.total - event.loaded) / speed)} left` : "");
      say(`Uploading ${file.name}, ${Math.floor((event.loaded / event.total) * 4) * 25} percent`);
    };
  };

  const answerOf = (xhr) => { try { return JSON.parse(xhr.responseText); } catch { return {}; } };

  const send = (file, badRows) => new Promise((resolve, reject) => {
    const body = new FormData();
    body.append("bad_rows", badRows);
    body.append("file", file, file.name);
    request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", form.elements.namedItem("csrf_token").value);
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = meter(file);
    request.onload = () => {
      const answer = answerOf(request);
      if (request.status === 200 && answer.address) resolve(answer.address);
      else reject(new Error(answer.message || `${file.name} could not be received. Please try again.`));
    };
    request.onerror = () => reject(new Error(`The connection broke while ${file.name} was on its way. Please try again.`));
    request.onabort = () => reject(new Error("Cancelled. Nothing of the file that was on its way is kept."));
    request.send(body);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const files = [...input.files];
    if (!files.length) return complain("No file was chosen. Choose one, then press Start.");
    if (files.some((file) => file.size > limit)) return showChosen();
    complain("");
    const badRows = form.elements.namedItem("bad_rows").value;
    setBusy(true);
    try {
      let address = "";
      for (const file of files) address = await send(file, badRows);
      leaving = true;
      location.assign(files.length === 1 ? address : form.dataset.files);
    } catch (error) {
      setBusy(false);
      complain(error.message);
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
