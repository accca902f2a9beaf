import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tokeniser } from './tokeniser.ts';

const MODELS = new URL('../../../../shared/models/', import.meta.url);
const HERE = existsSync(MODELS);
if (!HERE) console.warn('skipped: ../shared/models is missing, the tokenisers of gpt2 and stories260k');

function from(folder: string, template: string | null = null): Tokeniser {
  const read = (name: string) => readFileSync(new URL(`${folder}/${name}`, MODELS), 'utf8');
  return new Tokeniser({
    tokeniser: read('tokenizer.json'),
    config: read('tokenizer_config.json'),
    template,
  });
}

const plain = { special: false };

describe.skipIf(!HERE)('the tokeniser of GPT-2', () => {
  const gpt2 = HERE ? from('tokenizers/gpt2') : null;

  it('gives the published ids', () => {
    expect(gpt2?.encode('Hello world', plain)).toEqual([15496, 995]);
    expect(gpt2?.endToken).toBe(50256);
    expect(gpt2?.talks).toBe(false);
  });

  it('gives any text back', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(text, (before) => {
        expect(gpt2?.decode(gpt2.encode(before, plain))).toBe(before);
      }),
      { numRuns: 500 },
    );
  });

  it('puts a talk into the form of its template', () => {
    const template =
      '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}';
    const talker = from('tokenizers/gpt2', template);
    expect(talker.talks).toBe(true);
    const tokens = talker.talk([{ role: 'user', content: 'Hello world' }]);
    expect(talker.decode(tokens)).toBe('user: Hello world\nassistant:');
  });
});

describe.skipIf(!HERE)('the tokeniser of stories260k', () => {
  it('gives the ids that the file of expected texts has', () => {
    const expected: { prompt: string; prompt_ids: number[]; ids: number[]; text?: string }[] = JSON.parse(
      readFileSync(new URL('stories260k/expected_greedy.json', MODELS), 'utf8'),
    );
    const stories = from('stories260k');
    for (const { prompt, prompt_ids } of expected) {
      expect(stories.encode(prompt, { special: true })).toEqual(prompt_ids);
    }
  });
});

describe('files that are broken', () => {
  it.each([
    ['tokenizer.json', { tokeniser: '{', config: null, template: null }],
    ['tokenizer.json', { tokeniser: '{"model":{"type":"unheard of"}}', config: null, template: null }],
    ['tokenizer_config.json', { tokeniser: '{}', config: '[]', template: null }],
  ])('are refused by name: %s', (name, files) => {
    expect(() => new Tokeniser(files)).toThrow(
      expect.objectContaining({ name: 'ModelFormatError', message: expect.stringContaining(name) }),
    );
  });
});
