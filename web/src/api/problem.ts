import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

/** An answer that was not a success, with the sentence that the API says for people. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem | null,
    readonly retryAfterSeconds: number | null,
  ) {
    super(problem?.detail ?? `The server answered ${status}.`);
  }
}

/** What a call of the client resolves to. */
interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of an answer. Throws ApiProblem where the API refused, and whatever fetch threw where it was away. */
export async function unwrap<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  const { data, error, response } = await call;
  if (!response.ok) {
    const wait = Number(response.headers.get("retry-after"));
    throw new ApiProblem(response.status, isProblem(error) ? error : null, wait > 0 ? wait : null);
  }
  return data as Data;
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "detail" in value;
}
