import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { InputError, ModelFormatError, messageOf } from '../../../core/errors.ts';
import { parseJsonFile, parseTokeniserConfig } from '../../../core/protocol/parse-language.ts';

/** What a tokeniser is made of: the model's own files, as text. */
export interface TokeniserFiles {
  /** tokenizer.json */
  readonly tokeniser: string;
  /** tokenizer_config.json; null where there is none. */
  readonly config: string | null;
  /** chat_template.jinja, which goes before a template in the config; null where there is none. */
  readonly template: string | null;
}

/** One turn of a talk. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Turns text into a model's tokens and back, by the model's own rules. */
export class Tokeniser {
  readonly #tokenizer: Tokenizer;
  readonly #template: Template | null;
  readonly #special: { readonly bos_token: string | null; readonly eos_token: string | null };

  /** @throws ModelFormatError */
  constructor(files: TokeniserFiles) {
    const config = files.config ?? '{}';
    const { bosToken, eosToken, chatTemplate } = parseTokeniserConfig('tokenizer_config.json', config);
    this.#special = { bos_token: bosToken, eos_token: eosToken };
    this.#tokenizer = naming('tokenizer.json', () => {
      const rules = parseJsonFile('tokenizer.json', files.tokeniser);
      return new Tokenizer(rules, parseJsonFile('tokenizer_config.json', config));
    });
    const template = files.template ?? chatTemplate;
    this.#template = template === null ? null : naming('the chat template', () => new Template(template));
  }

  /** Whether the model was made for talk; others only write on. */
  get talks(): boolean {
    return this.#template !== null;
  }

  /** The token that ends a text; null where the files name none. */
  get endToken(): number | null {
    const { eos_token } = this.#special;
    return eos_token === null ? null : (this.#tokenizer.token_to_id(eos_token) ?? null);
  }

  /** `special`: with the tokens that a text begins with, such as <s>. */
  encode(text: string, { special }: { readonly special: boolean }): readonly number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: special }).ids;
  }

  /** Text for people: without special tokens, spaces as they are. */
  decode(tokens: readonly number[]): string {
    if (tokens.length === 0) return '';
    return this.#tokenizer.decode([...tokens], {
      skip_special_tokens: true,
      clean_up_tokenization_spaces: false,
    });
  }

  /** A talk up to where the model is to speak. @throws InputError when the template refuses it, or there is none. */
  talk(turns: readonly Turn[]): readonly number[] {
    const template = this.#template;
    const data = { step: 'put the talk into the form of the model', actual: `${turns.length} turns` };
    if (!template) throw new InputError('This model was not made for talk.', data);
    try {
      const text = template.render({ ...this.#special, messages: [...turns], add_generation_prompt: true });
      // The template has written the special tokens itself.
      return this.encode(text, { special: false });
    } catch (error) {
      throw new InputError(`The model's chat template refused this talk: ${messageOf(error)}`, data);
    }
  }
}

/** @throws ModelFormatError that says in which file a library found fault. */
function naming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ModelFormatError) throw error;
    const data = { step: `read ${file}`, expected: 'what its libraries read', actual: messageOf(error) };
    throw new ModelFormatError(`${file} cannot be used: ${messageOf(error)}`, data, { cause: error });
  }
}
