import {
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SHARED } from '../../e2e/repository.ts';
import { type DecoderSizes, headSize } from '../../models/shapes/decoder.ts';

const MODEL_FILES = ['model.onnx', 'model.onnx_data'];
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_config.json'];

/**
 * Lays out a decoder of `npm run shapes`, which lies in `source`, as a repository of the hub in `target`.
 * The large files are linked, not copied.
 * @throws Error where `source` lacks the model or its external data.
 */
export function hubLayout(source: string, target: string, sizes: DecoderSizes): void {
  mkdirSync(join(target, 'onnx'), { recursive: true });
  for (const name of MODEL_FILES) {
    const link = join(target, 'onnx', name);
    rmSync(link, { force: true });
    // Symbolic, because a temporary folder may be on another disk.
    symlinkSync(realpathSync(join(source, name)), link);
  }
  writeFileSync(join(target, 'config.json'), `${JSON.stringify(configOf(sizes), null, 2)}\n`);
  // The library asks for it, and does without; an empty one keeps the console clean.
  writeFileSync(join(target, 'generation_config.json'), '{}\n');
  copyTokenizer(target);
}

/** What the library reads; it has no `eos_token_id`, so that no token ends a text or is kept from winning. */
function configOf(sizes: DecoderSizes): Readonly<Record<string, unknown>> {
  return {
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    num_hidden_layers: sizes.layers,
    hidden_size: sizes.hidden,
    intermediate_size: sizes.mlp,
    num_attention_heads: sizes.heads,
    num_key_value_heads: sizes.kvHeads,
    head_dim: headSize(sizes),
    vocab_size: sizes.vocab,
    max_position_embeddings: sizes.context,
    'transformers.js_config': { dtype: 'fp32', use_external_data_format: true },
  };
}

/** Only completes the layout: the bench hands over ids, and takes ids. */
function copyTokenizer(target: string): void {
  const folder = join(SHARED, 'models/tokenizers/gpt2');
  if (!existsSync(folder)) return;
  for (const name of TOKENIZER_FILES) {
    const copy = join(target, name);
    // The original may be read-only, and so is its copy: writing over that would fail.
    rmSync(copy, { force: true });
    copyFileSync(join(folder, name), copy);
  }
}
