// Shows /openapi.yaml. The requests that a reader tries go to the service that the page comes from.
SwaggerUIBundle({
  url: '/openapi.yaml',
  dom_id: '#reference',
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null, // the document is told to nobody
})
