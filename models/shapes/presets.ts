import type { DecoderSizes, DecoderStyle } from './decoder.ts';
import type { GraphDraft } from './draft.ts';
import { plainDecoder } from './plain-decoder.ts';

/** A kind of network with the sizes of one published model. */
export interface Preset {
  readonly about: string;
  /** What `--layers`, `--hidden` and so on may change. */
  readonly sizes: Readonly<Record<string, number>>;
  draft(sizes: Readonly<Record<string, number>>, style: Partial<DecoderStyle>): GraphDraft;
}

const CONTEXT = 2048;

/** By the name on the command line. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  'llama-1gb': decoder(
    'just over 1 GiB in fp32 in 24 equal layers of 43.5 MB',
    { layers: 24, hidden: 1024, heads: 16, kvHeads: 4, mlp: 2688, vocab: 4096, context: CONTEXT },
    false,
  ),
};

function decoder(about: string, sizes: DecoderSizes, tied: boolean): Preset {
  return {
    about,
    sizes: { ...sizes },
    draft: (changed, style) => plainDecoder({ ...sizes, ...changed }, style.tied ?? tied),
  };
}
