import { FetchError, ModelFormatError } from '../../core/errors.ts';
import type { ByteSource } from '../../core/graph/byte-source.ts';
import type { Progress } from '../../core/session/state.ts';

/** A model's files in this page. The Blobs of picked files stay on disk; slices of them cost nothing. */
export interface ModelFiles {
  readonly name: string;
  readonly main: Blob;
  /** External data by its location; rejects with ModelFormatError when a file is missing. */
  external(location: string): Promise<Blob>;
}

/** A download that brings no byte for this long is given up. */
const STALL_MS = 30_000;

/** A ByteSource over a Blob. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (bytes.byteLength === length) return bytes;
      throw new ModelFormatError(
        `The file ends at byte ${blob.size}, but the model goes on to ${offset + length}.`,
        {
          step: 'read the model file',
          expected: `${offset + length} bytes`,
          actual: `${blob.size} bytes`,
        },
      );
    },
  };
}

/** Files that a person dropped or picked together: one model and, where it has any, its external data. */
export function filesFrom(files: readonly File[]): ModelFiles {
  const main = files.find((file) => /\.onnx$/i.test(file.name)) ?? files[0];
  if (!main)
    throw new ModelFormatError('No file was chosen.', {
      step: 'choose a file',
      expected: 'one .onnx file',
      actual: 'none',
    });
  return {
    name: main.name.replace(/\.onnx$/i, ''),
    main,
    external: async (location) => {
      const file = files.find((candidate) => candidate.name === location.split('/').at(-1));
      if (file) return file;
      throw new ModelFormatError(
        `The weights of this model are in "${location}". Drop both files together.`,
        {
          step: 'find the external weights',
          expected: location,
          actual: files.map((each) => each.name).join(', '),
        },
      );
    },
  };
}

/** Downloads a model from an address; its external data lies beside it. */
export async function filesFromUrl(
  address: string,
  onProgress: (progress: Progress) => void,
): Promise<ModelFiles> {
  const url = parseAddress(address);
  const name = decodeURIComponent(url.pathname.split('/').at(-1) || url.hostname).replace(/\.onnx$/i, '');
  return {
    name,
    main: await download(url, 'Downloading the model', onProgress),
    external: (location) => download(new URL(location, url), 'Downloading the weights', onProgress),
  };
}

function parseAddress(address: string): URL {
  const data = {
    step: 'read the address',
    expected: 'an address that begins with https://',
    actual: address.slice(0, 200),
  };
  if (!URL.canParse(address, globalThis.location?.href))
    throw new FetchError(`"${address}" is not a web address.`, data);
  const url = new URL(address, globalThis.location?.href);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new FetchError(`"${address}" is not a web address.`, data);
  return url;
}

async function download(url: URL, step: string, onProgress: (progress: Progress) => void): Promise<Blob> {
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), STALL_MS);
  try {
    onProgress({ step, fraction: null });
    const response = await open(url, stall.signal);
    const total = Number(response.headers.get('content-length')) || undefined;
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let done = 0;
    for (const reader = response.body?.getReader(); reader; ) {
      const chunk = await reader.read();
      if (chunk.done) break;
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), STALL_MS);
      chunks.push(chunk.value);
      done += chunk.value.byteLength;
      const fraction = total ? Math.min(1, done / total) : null;
      onProgress({ step, fraction, bytesDone: done, ...(total ? { bytesTotal: total } : {}) });
    }
    return new Blob(chunks);
  } catch (error) {
    if (error instanceof FetchError) throw error;
    const actual = stall.signal.aborted ? `no byte for ${STALL_MS / 1000} s` : String(error);
    throw new FetchError(`The download from ${url.host} broke off (${actual}).`, {
      step,
      expected: 'the whole file',
      actual,
    });
  } finally {
    clearTimeout(timer);
  }
}

async function open(url: URL, signal: AbortSignal): Promise<Response> {
  const step = 'download the model';
  const response = await fetch(url, { signal, credentials: 'omit' }).catch((error: unknown) => {
    // Browsers do not say which of the two it was, so the message names both.
    throw new FetchError(
      `${url.host} cannot be reached, or it does not let other pages read this file (no CORS header). Download the file yourself and drop it here.`,
      { step, expected: 'a response with Access-Control-Allow-Origin', actual: String(error) },
    );
  });
  if (response.ok) return response;
  throw new FetchError(`${url.host} answered ${response.status} for this address.`, {
    step,
    expected: '200',
    actual: String(response.status),
  });
}
