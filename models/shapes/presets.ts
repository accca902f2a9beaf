import type { DecoderSizes, DecoderStyle, DecoderTraits } from './decoder.ts';
import type { Network } from './draft.ts';
import { fusedDecoder } from './fused-decoder.ts';
import { plainDecoder } from './plain-decoder.ts';
import { resnet } from './resnet.ts';
import { vit } from './vit.ts';

/** A kind of network with the sizes of one published model. */
export interface Preset {
  readonly about: string;
  /** What `--layers`, `--hidden` and so on may change. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Whether it comes in several styles. */
  readonly isDecoder: boolean;
  /** Throws RangeError for sizes or styles that do not go together. */
  draft(sizes: Readonly<Record<string, number>>, style: Partial<DecoderStyle>): Network;
}

/** Positions in the rotary tables: enough for tests, and 0.5 MB a table. */
const CONTEXT = 2048;

/** By the name on the command line. */
export const PRESETS: Readonly<Record<string, Preset>> = {
  'resnet-50': picture('ResNet-50', { layers: 50, hidden: 64, classes: 1000 }, resnet),
  'vit-b': picture('ViT-B/16', { layers: 12, hidden: 768, heads: 12, mlp: 3072, classes: 1000 }, vit),
  'vit-l': picture('ViT-L/16', { layers: 24, hidden: 1024, heads: 16, mlp: 4096, classes: 1000 }, vit),
  'llama-135m': decoder(
    'as SmolLM2-135M',
    { layers: 30, hidden: 576, heads: 9, kvHeads: 3, mlp: 1536, vocab: 49_152, context: CONTEXT },
    { tied: true, bias: false },
  ),
  'llama-0.5b': decoder(
    'as Qwen2.5-0.5B',
    { layers: 24, hidden: 896, heads: 14, kvHeads: 2, mlp: 4864, vocab: 151_936, context: CONTEXT },
    { tied: true, bias: true },
  ),
  'llama-1.1b': decoder(
    'as TinyLlama-1.1B',
    { layers: 22, hidden: 2048, heads: 32, kvHeads: 4, mlp: 5632, vocab: 32_000, context: CONTEXT },
    { tied: false, bias: false },
  ),
  'llama-1gb': decoder(
    'just over 1 GiB in fp32, in 24 equal layers of 43.5 MB',
    { layers: 24, hidden: 1024, heads: 16, kvHeads: 4, mlp: 2688, vocab: 4096, context: CONTEXT },
    { tied: false, bias: false },
  ),
};

function picture<Sizes extends object>(
  about: string,
  sizes: Sizes & Record<string, number>,
  draft: (sizes: Sizes) => Network,
): Preset {
  return { about, sizes, isDecoder: false, draft: (changed) => draft({ ...sizes, ...changed }) };
}

function decoder(about: string, sizes: DecoderSizes, traits: DecoderTraits): Preset {
  const draft: Preset['draft'] = (changed, { dtype = 'fp32', embedding = 'fp32', ops }) => {
    const all = { ...sizes, ...changed };
    if (ops === 'fused' || dtype === 'q4') {
      if (ops === 'plain')
        throw new RangeError('ONNX alone has no 4-bit product: --dtype q4 goes with --ops fused');
      return fusedDecoder(all, traits, { dtype, embedding });
    }
    if (embedding === 'q4')
      throw new RangeError('ONNX alone has no 4-bit table: --embedding q4 goes with --ops fused');
    return plainDecoder(all, traits);
  };
  return { about, sizes: { ...sizes }, isDecoder: true, draft };
}
