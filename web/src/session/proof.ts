/**
 * Dangerous acts ask for a fresh proof of who one is. The client of the API calls `askForProof`, the dialog
 * (`ProofDialog`) answers, and the act is repeated.
 */
let open: ((isProven: boolean) => void) | null = null;
let asked: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

/** Whether the API refused for want of a fresh proof (RFC 9470), and not of a permission. */
export function needsProof(response: Response): boolean {
  return (
    response.status === 403 &&
    (response.headers.get("www-authenticate") ?? "").includes("insufficient_user_authentication")
  );
}

/** Asks whoever sits there; several acts at a time share one question. False where they would rather not. */
export function askForProof(): Promise<boolean> {
  asked ??= new Promise<boolean>((resolve) => {
    open = resolve;
    tell();
  }).finally(() => {
    asked = null;
    open = null;
    tell();
  });
  return asked;
}

export function answerProof(isProven: boolean): void {
  open?.(isProven);
}

export function isProofAsked(): boolean {
  return open !== null;
}

export function onProofAsked(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(): void {
  for (const listener of listeners) listener();
}
