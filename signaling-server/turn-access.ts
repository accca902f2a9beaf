import { createHmac } from 'node:crypto';
import type { IceServer } from '../core/protocol/signaling.ts';

export interface TurnAccessOptions {
  /** `turn:` and `turns:` addresses of one server, as {@link isTurnUrl} takes them. */
  readonly urls: readonly string[];
  /** What coturn has as `static-auth-secret`. It stays here: members get what is made from it. */
  readonly secret: string;
  /** So long a credential lets somebody begin to use the server. */
  readonly ttlS: number;
  /** Milliseconds since the epoch, as coturn's own clock has them: it reads the time of expiry from the name. */
  readonly wallMs?: () => number;
}

/** Time-limited credentials for a TURN server that shares a secret with this one (coturn's `use-auth-secret`). */
export class TurnAccess {
  readonly #urls: readonly string[];
  // Private fields are in no JSON and no log.
  readonly #secret: string;
  readonly #ttlS: number;
  readonly #wallMs: () => number;

  constructor({ urls, secret, ttlS, wallMs = Date.now }: TurnAccessOptions) {
    this.#urls = urls;
    this.#secret = secret;
    this.#ttlS = ttlS;
    this.#wallMs = wallMs;
  }

  /** For one member, who keeps its `id`, so that the server can count what it uses. No name or peer id goes there. */
  issue(id: string): IceServer {
    const expiresS = Math.floor(this.#wallMs() / 1000) + this.#ttlS;
    const username = `${expiresS}:${id}`;
    return { urls: this.#urls, username, credential: turnCredential(this.#secret, username) };
  }

  /** True once half of the time is over for credentials made at `issuedMs`, or when somebody set the clock back. */
  isStale(issuedMs: number): boolean {
    const ageMs = this.#wallMs() - issuedMs;
    return ageMs < 0 || ageMs >= (this.#ttlS * 1000) / 2;
  }

  now(): number {
    return this.#wallMs();
  }
}

/** As draft-uberti-behave-turn-rest says, and coturn checks. */
export function turnCredential(secret: string, username: string): string {
  return createHmac('sha1', secret).update(username).digest('base64');
}
