// Shows the API for reading.
const place = document.getElementById("document");
Redoc.init(place.dataset.document, { disableSearch: false, hideDownloadButton: false }, place);
