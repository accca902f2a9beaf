import { FetchError } from '../../../core/errors.ts';

/** Reads the address of a model as a person typed it; one without a host is relative to the page. @throws FetchError */
export function modelAddress(text: string, base: string | undefined = globalThis.location?.href): URL {
  const data = {
    step: 'read the address',
    expected: 'an address that begins with https://',
    actual: text.slice(0, 200),
  };
  const url = URL.canParse(text, base) ? new URL(text, base) : null;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new FetchError(`"${text.slice(0, 200)}" is not a web address.`, data);
  url.hash = '';
  // Requests with a name and password in the address are refused by browsers.
  if (url.username === '' && url.password === '') return url;
  throw new FetchError('The address holds a name and a password, which browsers do not send.', {
    ...data,
    expected: 'an address without a name and a password',
    actual: url.host,
  });
}

/**
 * The address of one of a model's files: '' is the model itself, others lie beside it or in folders below. The
 * query of the model's address is its own. @throws FetchError when the name leads elsewhere.
 */
export function fileAddress(model: string, name: string): string {
  if (name === '') return model;
  const parts = name.replace(/^(\.\/)+/, '').split('/');
  if (!parts.some((part) => part === '..' || part === '.' || part === '' || part.includes('\\')))
    return new URL(`./${parts.map(encodeURIComponent).join('/')}`, model).href;
  throw new FetchError(`The model names a file of weights that is not beside it: "${name.slice(0, 200)}".`, {
    step: 'find the external weights',
    expected: 'a file beside the model',
    actual: name.slice(0, 200),
  });
}

/** Names that every export has: files and folders of hubs. */
const COMMON =
  /^(model([_-](fp32|fp16|bf16|q4f16|q4|q8|int8|uint8|bnb4|quantized))?\.onnx|manifest\.json|onnx|main|resolve)$/i;

/** What a person calls the model: its file's name without the ending, or its folder's where all are called the same. */
export function modelName(url: URL): string {
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const telling = parts.findLast((part) => !COMMON.test(part)) ?? parts.at(-1) ?? url.hostname;
  return decoded(telling).replace(/\.(onnx|ort|json)$/i, '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no code is part of the name.
    return text;
  }
}
