import { FetchError } from '../../core/errors.ts';
import type { ModelSource } from '../../core/opening/model-source.ts';
import type { Progress } from '../../core/session/state.ts';
import { downloadedSource } from './origin/downloaded-source.ts';
import type { CatalogueEntry } from './store.ts';

/** public/models/<id>.json: what is known of a bundled model beyond its graph. */
export interface BundledCard extends CatalogueEntry {
  readonly file: string;
  /** What lies beside it, such as a tokeniser; nothing else is looked for. */
  readonly beside?: readonly string[];
  /** Beginnings to try with a model that writes. */
  readonly starters?: readonly string[];
}

const BUNDLED = ['digits', 'bard'];

/** The models that came with the page. */
export function catalogue(): Promise<readonly CatalogueEntry[]> {
  return Promise.all(BUNDLED.map(card));
}

/** Fetches a bundled model; `origin` is where other devices find this page. @throws FetchError */
export async function openBundled(
  id: string,
  origin: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<{ card: BundledCard; source: ModelSource }> {
  const known = await card(id);
  // Small, and kept by the browser's own cache as part of the page: taken whole.
  const address = `${import.meta.env.BASE_URL}models/${known.file}`;
  const source = await downloadedSource(address, origin, onProgress, signal);
  const has = new Set(known.beside);
  const beside: ModelSource['beside'] = async (name) => (has.has(name) ? source.beside(name) : null);
  return { card: known, source: { ...source, beside } };
}

async function card(id: string): Promise<BundledCard> {
  const response = await fetch(`${import.meta.env.BASE_URL}models/${id}.json`);
  if (!response.ok) {
    throw new FetchError(`The bundled model "${id}" is not on this server.`, {
      step: 'read the catalogue',
      expected: '200',
      actual: String(response.status),
    });
  }
  return (await response.json()) as BundledCard;
}
