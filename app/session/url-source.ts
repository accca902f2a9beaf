import type { ByteSource } from '../../core/graph/byte-source.ts';
import type { OriginCard } from '../../core/protocol/origin-card.ts';
import type { Progress } from '../../core/session/state.ts';
import type { Origin } from '../../core/weights/origin.ts';
import type { Shelf } from '../../core/weights/shelf.ts';
import { blobSource } from './blob-source.ts';
import type { ModelSource } from './model-source.ts';
import { fileAddress, modelAddress, modelName } from './origin/address.ts';
import { httpOrigin } from './origin/http-origin.ts';
import { probeOrigin } from './origin/probe.ts';

const STEP = 'download the model';

/** TEMPORARY first version. */
export async function urlSource(
  address: string,
  _shelf: Shelf,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<ModelSource> {
  const url = modelAddress(address);
  const probe = await probeOrigin(url.href, { step: STEP, signal });
  if (probe.kind === 'whole') {
    probe.body.end();
    return downloadedSource(address, onProgress, signal);
  }
  let card: OriginCard = {
    url: url.href,
    files: [{ name: '', bytes: probe.bytes, validator: probe.validator }],
  };
  return {
    name: modelName(url),
    main: rangeSource(httpOrigin(card), '', probe.bytes, signal),
    external: async (location) => {
      const found = await probeOrigin(fileAddress(url.href, location), {
        step: STEP,
        signal,
        frontBytes: 64,
      });
      const file = { name: location, bytes: found.bytes ?? 0, validator: found.validator };
      card = { ...card, files: [...card.files, file] };
      return rangeSource(httpOrigin(card), location, file.bytes, signal);
    },
    blobOf: null,
    origin: () => card,
    graphRead: async () => undefined,
  };
}

function rangeSource(origin: Origin, file: string, size: number, signal: AbortSignal): ByteSource {
  return {
    size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      let filled = 0;
      for await (const chunk of origin.read(file, offset, length, signal)) {
        bytes.set(chunk, filled);
        filled += chunk.byteLength;
      }
      return bytes;
    },
  };
}

/** Downloads a model whole; its external data lies beside it. */
export async function downloadedSource(
  address: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<ModelSource> {
  const url = modelAddress(address);
  const download = async (name: string): Promise<Blob> => {
    onProgress({ step: 'Downloading the model', fraction: null });
    const response = await fetch(fileAddress(url.href, name), { signal, credentials: 'omit' });
    return response.blob();
  };
  const blobs = new Map([['', await download('')]]);
  return {
    name: modelName(url),
    main: blobSource(blobs.get('') ?? new Blob()),
    external: async (location) => {
      const blob = await download(location);
      blobs.set(location, blob);
      return blobSource(blob);
    },
    blobOf: (location) => blobs.get(location) ?? new Blob(),
    origin: () => null,
    graphRead: async () => undefined,
  };
}
