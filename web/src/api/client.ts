/**
 * The client of the API: types come from its OpenAPI description, so a change there that breaks a page breaks the build.
 *
 * Every call carries the access token, which is kept in memory only. One that has expired is replaced once, and the call
 * is made again.
 */
import createClient, { type Middleware } from "openapi-fetch";
import { accessToken, renewAccessToken } from "../session/token";
import type { paths } from "./schema";

const RETRIED = "x-retried";

const authorization: Middleware = {
  onRequest({ request }) {
    const token = accessToken();
    if (token !== null) request.headers.set("authorization", `Bearer ${token}`);
    return request;
  },
  async onResponse({ request, response }) {
    const isOurs = new URL(request.url).pathname.startsWith("/auth/browser");
    if (response.status !== 401 || isOurs || request.headers.has(RETRIED)) return response;
    if (!(await renewAccessToken())) return response;
    const again = new Request(request);
    again.headers.set("authorization", `Bearer ${accessToken()}`);
    again.headers.set(RETRIED, "1");
    return request.method === "GET" ? fetch(again) : response;
  },
};

export const api = createClient<paths>({ baseUrl: "/" });
api.use(authorization);
