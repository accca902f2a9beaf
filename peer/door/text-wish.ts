import type { Turn } from '../../app/session/language/tokeniser.ts';
import type { SamplingOptions } from '../../core/language/sampling.ts';

/** What a text begins with. */
export type Prompt =
  | { readonly kind: 'turns'; readonly turns: readonly Turn[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tokens'; readonly tokens: readonly number[] };

/** A text that somebody wants to have written, whichever way it was asked for. */
export interface TextWish {
  readonly model: string;
  readonly prompt: Prompt;
  /** Null: as many as the model can hold. */
  readonly maxNewTokens: number | null;
  readonly stops: readonly string[];
  /** What was asked for; the rest is the model's own. */
  readonly sampling: Partial<Omit<SamplingOptions, 'seed'>>;
  /** Unsigned 32 bits; null: another each time. */
  readonly seed: number | null;
  readonly stream: boolean;
  /** A stream's last chunk counts the tokens. */
  readonly includeUsage: boolean;
}
