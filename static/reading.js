// Redoc loads its vendor's logo from another site, which this page's Content-Security-Policy blocks. So the logo is
// removed before it is requested, as if it had failed to load.
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

// Redoc: the API for reading.
const place = document.getElementById("document");
Redoc.init(place.dataset.document, { disableSearch: false, hideDownloadButton: false }, place);
