// Checks the bundled files in what the page uses them in: onnxruntime-web (WASM) and the tokeniser library.
// train.py calls it: node verify.js FOLDER TORCH.json CHECKED.json. Any failed check ends the run.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import * as ort from 'onnxruntime-web/wasm';

const [folder, torchFile, checkedFile] = process.argv.slice(2);
const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const torch = json(torchFile);
const config = json(join(folder, 'config.json'));
const tokenizer = new Tokenizer(
  json(join(folder, 'tokenizer.json')),
  json(join(folder, 'tokenizer_config.json')),
);
const encode = (text) => tokenizer.encode(text).ids;
const decode = (ids) =>
  tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(join(folder, 'model.onnx')));
const {
  vocab_size: vocabulary,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  head_dim: head,
} = config;

const int64 = (rows) => {
  const values = BigInt64Array.from(rows.flat(), BigInt);
  return new ort.Tensor('int64', values, [rows.length, rows[0].length]);
};

/** A text that grows: each run sees only what is new, the rest is in the cache. */
class Cached {
  length = 0;
  #past = {};

  constructor(batch = 1) {
    for (let i = 0; i < layers; i++) {
      for (const part of ['key', 'value']) {
        const empty = new ort.Tensor('float32', new Float32Array(0), [batch, heads, 0, head]);
        this.#past[`past_key_values.${i}.${part}`] = empty;
      }
    }
  }

  /** `rows` of equal length, one for each text of the batch. */
  async run(rows) {
    const before = this.length;
    this.length += rows[0].length;
    const made = await session.run({
      input_ids: int64(rows),
      attention_mask: int64(rows.map(() => new Array(this.length).fill(1))),
      position_ids: int64(rows.map((row) => row.map((_, at) => before + at))),
      ...this.#past,
    });
    for (const name of Object.keys(this.#past)) {
      this.#past[name] = made[name.replace('past_key_values', 'present')];
    }
    return made.logits.data;
  }
}

const whole = (rows) => new Cached(rows.length).run(rows);
const last = (logits) => logits.subarray(logits.length - vocabulary);
const largestDifference = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
const best = (scores) => scores.indexOf(Math.max(...scores));

function tokens() {
  const { text, text_cut: cut, text_ids } = torch;
  assert.deepEqual([...encode(text.slice(0, cut)), ...encode(text.slice(cut))], text_ids);
  assert.equal(decode(encode(text.slice(0, 20_000))), text.slice(0, 20_000));
  const odd = [
    ' ',
    '  \n\n two',
    'Zoë naïve façade',
    'Ωμέγα',
    'Привет, мир',
    '日本語の文',
    '👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301',
    'עברית العربية',
  ];
  odd.push(
    '\t\r\n\u00a0\u2028',
    '\u0000\u0007\u007f',
    '1234 5th 3.14',
    "o'er 'tis don't we'll",
    '<|endoftext|> </s>',
    '\ufffd\u{10ffff}',
  );
  for (const each of odd) assert.equal(decode(encode(each)), each);
  return { text_tokens_equal: text_ids.length, round_trip_characters: 20_000, odd_texts: odd.length };
}

async function likeTorch() {
  const logits = largestDifference(await whole(torch.ids), torch.logits);
  assert.ok(logits < 1e-3, `logits differ by ${logits}`);
  let [nats, count] = [0, 0];
  for (let at = 0; at + torch.context < torch.slice.length; at += torch.context) {
    const scores = await whole([torch.slice.slice(at, at + torch.context)]);
    for (let i = 0; i < torch.context; i++) {
      const row = scores.subarray(i * vocabulary, (i + 1) * vocabulary);
      const top = Math.max(...row);
      nats +=
        top + Math.log(row.reduce((sum, s) => sum + Math.exp(s - top), 0)) - row[torch.slice[at + i + 1]];
      count++;
    }
  }
  const loss = nats / count;
  assert.ok(Math.abs(loss - torch.slice_loss) < 1e-4, `loss is ${loss}, in torch ${torch.slice_loss}`);
  return {
    logits_to_torch: logits,
    slice_tokens: count,
    slice_loss: loss,
    slice_loss_torch: torch.slice_loss,
  };
}

/** Writes on with the cache; `choose` takes a token from the scores. */
async function write(prompt, length, choose) {
  const ids = encode(prompt);
  const text = new Cached();
  let scores = last(await text.run([ids]));
  while (ids.length < length) {
    ids.push(choose(scores));
    if (ids.length < length) scores = last(await text.run([ids.slice(-1)]));
  }
  return ids;
}

async function greedy(prompt, length) {
  const prompt_ids = encode(prompt);
  let margin = Number.POSITIVE_INFINITY;
  const ids = await write(prompt, length, (scores) => {
    const [first, second] = [...scores].sort((a, b) => b - a);
    margin = Math.min(margin, first - second);
    return best(scores);
  });
  // The same without a cache, from the start for every token.
  const again = [...prompt_ids];
  while (again.length < length) again.push(best(last(await whole([again]))));
  assert.deepEqual(again, ids);
  // And in pieces of three: more than one new token after a past.
  const pieces = new Cached();
  const [all, parts] = [await whole([ids]), []];
  for (let at = 0; at < length; at += 3) parts.push(...(await pieces.run([ids.slice(at, at + 3)])));
  const cached = largestDifference(all, parts);
  assert.ok(cached < 1e-4, `with the cache, logits differ by ${cached}`);
  const strategy = 'greedy (argmax), no sampling';
  return {
    entry: { prompt, prompt_ids, max_length: length, strategy, ids, text: decode(ids) },
    margin,
    cached,
  };
}

/** Mulberry32: small, seeded, the same everywhere. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

async function sample(prompt, seed, temperature = 0.8) {
  const next = random(seed);
  const ids = await write(prompt, encode(prompt).length + 60, (scores) => {
    const top = Math.max(...scores);
    const weights = Array.from(scores, (s) => Math.exp((s - top) / temperature));
    let left = next() * weights.reduce((a, b) => a + b);
    let token = 0;
    while (token < weights.length - 1 && left >= weights[token]) left -= weights[token++];
    return token;
  });
  return { prompt, temperature, seed, text: decode(ids) };
}

const checked = { tokens: tokens(), ...(await likeTorch()) };
const [greedies, samples] = [[], []];
for (const [at, starter] of torch.starters.entries()) {
  greedies.push(await greedy(starter, 64));
  samples.push(await sample(starter, at + 1));
}
const largest = (key) => Math.max(...greedies.map((each) => each[key]));
Object.assign(checked, {
  greedy_with_cache_equals_without: greedies.length,
  logits_with_cache_to_without: largest('cached'),
  smallest_greedy_margin: Math.min(...greedies.map(({ margin }) => margin)),
  samples,
  greedy: greedies.map(({ entry }) => entry),
});
writeFileSync(checkedFile, JSON.stringify(checked));
