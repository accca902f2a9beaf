import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Tokeniser, type TokeniserFiles } from '../../app/session/language/tokeniser.ts';
import { PromptReader } from './prompt-reader.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../public/models/bard/${name}`, import.meta.url), 'utf8');
const PLAIN: TokeniserFiles = {
  tokeniser: read('tokenizer.json'),
  config: read('tokenizer_config.json'),
  template: null,
};
const TALKING: TokeniserFiles = {
  ...PLAIN,
  template:
    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}{% if messages[0].role == 'assistant' %}{{ raise_exception('who asks?') }}{% endif %}",
};
const LONG = 'To be, or not to be: that is the question.\n'.repeat(400);

let reader: PromptReader;
let files: ReturnType<typeof vi.fn<() => Promise<TokeniserFiles>>>;
let tokeniser: Tokeniser;
function open(made: TokeniserFiles): void {
  tokeniser = new Tokeniser(made);
  files = vi.fn(async () => made);
  reader = new PromptReader(tokeniser, files);
}
beforeEach(() => open(PLAIN));
afterEach(() => reader.close());

test('a long text has the tokens that a short way would give, and does not take it', async () => {
  const right = tokeniser.encode(LONG, { special: true });
  const encode = vi.spyOn(tokeniser, 'encode');
  expect(await reader.tokens({ kind: 'text', text: LONG })).toEqual(right);
  expect(await reader.tokens({ kind: 'text', text: LONG })).toEqual(right);
  expect(encode).not.toHaveBeenCalled();
  expect(files).toHaveBeenCalledTimes(1);
});

test('a short one needs no thread', async () => {
  expect(await reader.tokens({ kind: 'text', text: 'ROMEO:' })).toEqual([813, 58]);
  expect(await reader.tokens({ kind: 'tokens', tokens: new Array(10_000).fill(1) })).toHaveLength(10_000);
  expect(files).not.toHaveBeenCalled();
});

test('short ones that are long together do', async () => {
  const encode = vi.spyOn(tokeniser, 'encode');
  expect(await reader.tokens({ kind: 'text', text: 'ROMEO:' }, 1e6)).toEqual([813, 58]);
  expect(encode).not.toHaveBeenCalled();
  expect(files).toHaveBeenCalledTimes(1);
});

test('turns go through the template, in the thread too, and what it refuses is an input error', async () => {
  open(TALKING);
  const turns = [{ role: 'user', content: LONG }] as const;
  expect(await reader.tokens({ kind: 'turns', turns })).toEqual(tokeniser.talk(turns));
  expect(await reader.tokens({ kind: 'turns', turns: [{ role: 'user', content: 'Who is there?' }] })).toEqual(
    tokeniser.encode('user: Who is there?\nassistant: ', { special: false }),
  );
  for (const content of ['I', LONG]) {
    const wrong = reader.tokens({ kind: 'turns', turns: [{ role: 'assistant', content }] });
    await expect(wrong).rejects.toMatchObject({ name: 'InputError' });
  }
});

test('who waits for a thread that is closed hears of it', async () => {
  const asked = reader.tokens({ kind: 'text', text: LONG });
  reader.close();
  await expect(asked).rejects.toMatchObject({ name: 'DoorError', status: 503 });
  await expect(asked).rejects.toThrow('no longer the same');
  await expect(reader.tokens({ kind: 'text', text: LONG })).rejects.toThrow('no longer the same');
});

test('files that could not be had once are asked for again by the next long text', async () => {
  files.mockRejectedValueOnce(new Error('the link broke'));
  await expect(reader.tokens({ kind: 'text', text: LONG })).rejects.toThrow('the link broke');
  expect(await reader.tokens({ kind: 'text', text: LONG })).toEqual(
    tokeniser.encode(LONG, { special: true }),
  );
  expect(files).toHaveBeenCalledTimes(2);
});

test('a thread that breaks takes only those with it who wait for it', async () => {
  const broken: TokeniserFiles = { ...PLAIN, tokeniser: '{}' };
  files.mockResolvedValueOnce(broken);
  await expect(reader.tokens({ kind: 'text', text: LONG })).rejects.toThrow();
  expect(await reader.tokens({ kind: 'text', text: LONG })).toEqual(
    tokeniser.encode(LONG, { special: true }),
  );
});
