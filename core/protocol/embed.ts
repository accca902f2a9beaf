import type { SamplingOptions } from '../language/sampling.ts';
import type { PlanMode } from '../session/state.ts';

/**
 * What a site that embeds a room says to the frame on our origin, over one MessageChannel. Structured clones, not JSON:
 * tensors, files and pictures travel as they are. `parse-embed.ts` is the only door.
 */
export type EmbedRequest =
  | { readonly type: 'call'; readonly call: number; readonly ask: EmbedAsk }
  /** Nobody waits for this call any more: a text that is being written ends. */
  | { readonly type: 'stop'; readonly call: number };

export type EmbedAsk =
  /** The first, and only once: makes a room (`link` null) or joins one. */
  | {
      readonly type: 'enter';
      readonly link: string | null;
      /** What others call this device; null for what the browser suggests. */
      readonly name: string | null;
      readonly model: EmbedModel | null;
    }
  | { readonly type: 'open'; readonly model: EmbedModel }
  /** Answered when a plan runs. */
  | { readonly type: 'ready' }
  | { readonly type: 'run'; readonly feeds: Readonly<Record<string, EmbedTensor>> }
  | { readonly type: 'picture'; readonly picture: ImageData | ImageBitmap }
  | { readonly type: 'write'; readonly input: string | readonly EmbedTurn[]; readonly options: EmbedWrite }
  | { readonly type: 'mode'; readonly mode: PlanMode }
  /** Answered with the room's link as an SVG. */
  | { readonly type: 'qr' }
  | { readonly type: 'leave' };

export type EmbedModel =
  /** One that came with the page: "digits". */
  | { readonly kind: 'bundled'; readonly id: string }
  | { readonly kind: 'url'; readonly url: string }
  /** A model and what belongs to it. */
  | { readonly kind: 'files'; readonly files: readonly File[] };

/** Row-major little-endian bytes; whether they fit type and shape is checked where the tensor is made. */
export interface EmbedTensor {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: Uint8Array<ArrayBuffer>;
}

export interface EmbedTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What is left out is as the model's makers say. */
export interface EmbedWrite extends Partial<SamplingOptions> {
  readonly maxNewTokens?: number;
  /** Each of them ends the text and is not part of it. */
  readonly stop?: readonly string[];
}
