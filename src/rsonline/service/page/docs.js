"use strict";

// The time that the page shows for X-Timestamp; it is sent anew unless a person wrote another one over it.
const shown = String(Math.floor(Date.now() / 1000));

function sendNow(request) {
  if (request.headers["X-Timestamp"] === shown) {
    request.headers["X-Timestamp"] = String(Math.floor(Date.now() / 1000));
  }
  return request;
}

function show(description) {
  description.components.parameters["X-Timestamp"].example = shown;
  SwaggerUIBundle({
    spec: description,
    dom_id: "#acuan",
    deepLinking: true,
    docExpansion: "list",
    filter: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    supportedSubmitMethods: ["get", "post", "put", "delete"],
    validatorUrl: null,
    requestInterceptor: sendNow,
  });
}

function fail(error) {
  document.querySelector("#acuan").textContent = "Acuan gagal dimuat: " + error.message;
}

fetch("/openapi.json").then((answer) => {
  if (!answer.ok) {
    throw new Error("HTTP " + answer.status);
  }
  return answer.json();
}).then(show).catch(fail);
