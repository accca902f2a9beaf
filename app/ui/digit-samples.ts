import { useEffect, useState } from 'preact/hooks';
import { SIDE } from './strokes.ts';

/** A digit of the MNIST test set that the bundled network never saw. */
export interface Sample {
  readonly label: string;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

let loading: Promise<readonly Sample[]> | undefined;

/** The samples, or none while they load; without them one can still draw. */
export function useSamples(): readonly Sample[] {
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    loading ??= load();
    loading.then(setSamples, () => {
      // Next time another try; drawing does not need them.
      loading = undefined;
    });
  }, []);
  return samples;
}

async function load(): Promise<readonly Sample[]> {
  const response = await fetch(`${import.meta.env.BASE_URL}models/digits.samples.json`);
  const entries: unknown = await response.json();
  return Array.isArray(entries) ? entries.slice(0, 10).flatMap(read) : [];
}

function read(entry: { label?: unknown; pixels?: unknown } | null): Sample[] {
  if (typeof entry?.pixels !== 'string') return [];
  const pixels = Uint8ClampedArray.from(atob(entry.pixels), (char) => char.charCodeAt(0));
  return pixels.length === SIDE * SIDE ? [{ label: String(entry.label), pixels }] : [];
}
