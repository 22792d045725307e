import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "../api/problem";

const MINUTE = 60_000;

/** Answers are kept for a minute and shown at once; what the API refuses is not asked again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: MINUTE,
      gcTime: 30 * MINUTE,
      retry: (failures, error) => failures < 2 && (!(error instanceof ApiProblem) || error.status >= 500),
      refetchOnWindowFocus: false,
    },
  },
});
