// Swagger UI: the calls of the API with a form for each. A token that is typed in stays in this page.
SwaggerUIBundle({
  url: document.getElementById("calls").dataset.document,
  domNode: document.getElementById("calls"),
  deepLinking: true,
  validatorUrl: null,
});
