// Calls to the server that this page came from. An error has what to show: what happened, and what to do.
export class Refused extends Error {
  constructor(status, error) {
    super([error.message, error.remedy].filter(Boolean).join(" "));
    this.status = status;
  }
}

async function answered(response) {
  if (response.status === 204) return null;
  if (response.ok) return response.json();
  const said = await response.json().catch(() => ({}));
  throw new Refused(response.status, said.error || { message: `The server answered ${response.status}.` });
}

export const get = async (path) => answered(await fetch(`/review/api${path}`));

const send = (path, body) =>
  fetch(`/review/api${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

export const post = async (path, body) => answered(await send(path, body));

export async function upload(path, asked, blob) {
  const query = new URLSearchParams(asked);
  const type = blob.type.startsWith("audio/") || blob.type.startsWith("video/") ? blob.type : "application/octet-stream";
  return answered(await fetch(`/review/api${path}?${query}`, { method: "POST", headers: { "Content-Type": type }, body: blob }));
}

export async function sound(path, body) {
  const response = await send(path, body);
  return response.ok ? response.blob() : answered(response);
}
