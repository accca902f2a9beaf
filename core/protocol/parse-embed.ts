import * as v from 'valibot';
import { ProtocolError } from '../errors.ts';
import type { EmbedAsk, EmbedModel, EmbedRequest, EmbedTensor, EmbedTurn, EmbedWrite } from './embed.ts';
import { count, listOf, MAX_TENSORS, type SchemaOf, u32 } from './parse-basics.ts';
import { mode } from './parse-device.ts';

/** Links are some 60 characters, addresses of models a few hundred. */
const MAX_ADDRESS = 4096;
/** As on the page. */
const MAX_NAME = 40;
/** Some ten times what the longest contexts in use hold. */
const MAX_TEXT = 8 * 1024 ** 2;
const MAX_TURNS = 4096;
const MAX_STOPS = 16;
const MAX_STOP = 256;
/** A model with its tokeniser and external data; the largest published ones come in some 50 parts. */
const MAX_FILES = 256;
const MAX_DIMS = 16;
/** More than a frame between devices can carry. */
const MAX_FEED_BYTES = 1024 ** 3;
/** The largest photos of phones have 200 megapixels, which no browser puts on a canvas. */
const MAX_PIXELS = 128 * 1024 ** 2;
const MAX_NEW_TOKENS = 1 << 24;
/** Of the place that an error names: names of inputs are in it, and any name may be given. */
const MAX_PLACE = 200;

const address = v.pipe(v.string(), v.maxLength(MAX_ADDRESS));
const within = (least: number, most: number): SchemaOf<number> =>
  v.pipe(v.number(), v.finite(), v.minValue(least), v.maxValue(most));

const isBytes = (value: unknown): value is Uint8Array<ArrayBuffer> =>
  value instanceof Uint8Array && value.buffer instanceof ArrayBuffer;
const tensor: SchemaOf<EmbedTensor> = v.object({
  dtype: v.pipe(v.string(), v.maxLength(16)),
  dims: listOf(count, MAX_DIMS),
  data: v.custom<Uint8Array<ArrayBuffer>>(isBytes, 'bytes'),
});
const feeds: SchemaOf<Readonly<Record<string, EmbedTensor>>> = v.pipe(
  v.record(v.pipe(v.string(), v.maxLength(1024)), tensor),
  v.check((tensors) => Object.keys(tensors).length <= MAX_TENSORS, `at most ${MAX_TENSORS} tensors`),
  v.check(
    (tensors) => Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0) <= MAX_FEED_BYTES,
    'at most 1 GiB',
  ),
);

/** By the names of the browser's classes, some of which Node does not have. */
const isOf = (value: unknown, ...classes: readonly string[]): boolean =>
  classes.some((known) => {
    const kind: unknown = Reflect.get(globalThis, known);
    return typeof kind === 'function' && value instanceof kind;
  });
const picture = v.custom<ImageData | ImageBitmap>((value) => {
  if (!isOf(value, 'ImageData', 'ImageBitmap')) return false;
  const { width, height } = value as ImageData | ImageBitmap;
  return width > 0 && height > 0 && width * height <= MAX_PIXELS;
}, 'a picture of at most 128 megapixels');
const file = v.custom<File>((value) => isOf(value, 'File'), 'a file');

const model: SchemaOf<EmbedModel> = v.variant('kind', [
  v.object({ kind: v.literal('bundled'), id: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,64}$/)) }),
  v.object({ kind: v.literal('url'), url: v.pipe(address, v.regex(/^https?:\/\//i)) }),
  v.object({ kind: v.literal('files'), files: v.pipe(listOf(file, MAX_FILES), v.minLength(1)) }),
]);

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));
const turn: SchemaOf<EmbedTurn> = v.object({
  role: v.picklist(['system', 'user', 'assistant']),
  content: text,
});
const turns: SchemaOf<EmbedTurn[]> = v.pipe(
  listOf(turn, MAX_TURNS),
  v.minLength(1),
  v.check((all) => all.reduce((sum, { content }) => sum + content.length, 0) <= MAX_TEXT, 'at most 8 MiB'),
);
const write: SchemaOf<EmbedWrite> = v.object({
  maxNewTokens: v.exactOptional(v.pipe(count, v.minValue(1), v.maxValue(MAX_NEW_TOKENS))),
  temperature: v.exactOptional(within(0, 100)),
  topK: v.exactOptional(u32),
  topP: v.exactOptional(within(0, 1)),
  repetitionPenalty: v.exactOptional(within(0.01, 100)),
  seed: v.exactOptional(u32),
  stop: v.exactOptional(listOf(v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_STOP)), MAX_STOPS)),
});

const ask: SchemaOf<EmbedAsk> = v.variant('type', [
  v.object({
    type: v.literal('enter'),
    link: v.nullable(address),
    name: v.nullable(
      v.pipe(
        v.string(),
        v.transform((given) => given.trim().slice(0, MAX_NAME)),
        v.minLength(1),
      ),
    ),
    model: v.nullable(model),
  }),
  v.object({ type: v.literal('open'), model }),
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('run'), feeds }),
  v.object({ type: v.literal('picture'), picture }),
  v.object({ type: v.literal('write'), input: v.union([text, turns]), options: write }),
  v.object({ type: v.literal('mode'), mode }),
  v.object({ type: v.literal('qr') }),
  v.object({ type: v.literal('leave') }),
]);

const request: SchemaOf<EmbedRequest> = v.variant('type', [
  v.object({ type: v.literal('call'), call: u32, ask }),
  v.object({ type: v.literal('stop'), call: u32 }),
]);

/** The number of a call in a message that is wrong otherwise, so that its sender can be told; null where there is none. */
export function callOf(message: unknown): number | null {
  const result = v.safeParse(v.object({ call: u32 }), message);
  return result.success ? result.output.call : null;
}

/** The only door for what an embedding site says. @throws ProtocolError */
export function parseEmbedRequest(message: unknown): EmbedRequest {
  const result = v.safeParse(request, message, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = (v.getDotPath(issue) ?? 'message').slice(0, MAX_PLACE);
  // Our own checks say what they want in their message; valibot's messages quote the value.
  const isOurs = issue.type === 'custom' || issue.type === 'check';
  const expected = String(isOurs ? issue.message : (issue.expected ?? issue.type)).slice(0, 200);
  throw new ProtocolError(`"${place}" is not what it should be: ${expected}.`, {
    step: 'read what the page asks',
    expected: `${place}: ${expected}`,
    // A value may be a link with its secret.
    actual: 'something else',
  });
}
