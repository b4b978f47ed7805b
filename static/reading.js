// Redoc shows its maker's mark from another site, which this page's policy refuses. So the mark is gone before it is
// asked for, as if it could not be loaded.
function setSource(image, address) {
  const isOurs = address.startsWith("data:") || new URL(address, location).origin === location.origin;
  if (isOurs) Element.prototype.setAttribute.call(image, "src", address);
  else setTimeout(() => image.dispatchEvent(new Event("error")));
}
HTMLImageElement.prototype.setAttribute = function (name, value) {
  if (name === "src") setSource(this, value);
  else Element.prototype.setAttribute.call(this, name, value);
};
Object.defineProperty(HTMLImageElement.prototype, "src", { set(address) { setSource(this, address); } });

// Shows the API for reading.
const place = document.getElementById("document");
Redoc.init(place.dataset.document, { disableSearch: false, hideDownloadButton: false }, place);
