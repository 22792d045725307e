/**
 * The client of the API: types come from its OpenAPI description, so a change there that breaks a page breaks the build.
 *
 * Every call carries the access token, which is kept in memory only. One that has expired is replaced once, and an act
 * that needs a proof of who one is asks for it; the call is then made again.
 */
import createClient, { type Middleware } from "openapi-fetch";
import { askForProof, needsProof } from "../session/proof";
import { accessToken, renewAccessToken, usableToken } from "../session/token";
import type { paths } from "./schema";

/** What was sent can be read once, so a copy is kept for a second time. */
const copies = new WeakMap<Request, Request>();

const authorization: Middleware = {
  async onRequest({ request }) {
    const token = await usableToken();
    if (token !== null) request.headers.set("authorization", `Bearer ${token}`);
    copies.set(request, request.clone());
    return request;
  },
  async onResponse({ request, response }) {
    const isOurs = new URL(request.url).pathname.startsWith("/auth/browser");
    if (response.status === 401 && !isOurs && (await renewAccessToken())) return again(request, response);
    if (needsProof(response) && (await askForProof())) return again(request, response);
    return response;
  },
};

function again(request: Request, response: Response): Promise<Response> | Response {
  const copy = copies.get(request);
  if (copy === undefined) return response;
  copy.headers.set("authorization", `Bearer ${accessToken()}`);
  return fetch(copy);
}

export const api = createClient<paths>({ baseUrl: "/" });
api.use(authorization);
