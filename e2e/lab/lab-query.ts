import type { Emulation } from './page/emulation.ts';
import type { LinkShape } from './page/link-shape.ts';
import { LAB_QUERY } from './page/potluck-lab.ts';

/** What a page of the lab's build is to be like from its start. */
export interface LabSettings {
  readonly shape?: LinkShape | undefined;
  readonly emulation?: Partial<Emulation>;
  /** Of the jitter. */
  readonly seed?: number;
}

/** The settings as the rest of a query, to be put behind `?provider=wasm`. */
export function labQuery({ shape, emulation, seed }: LabSettings): string {
  const settings = { ...shape, ...emulation, ...(seed === undefined ? {} : { seed }) };
  return Object.entries(settings)
    .map(([name, value]) => `&${LAB_QUERY[name as keyof typeof LAB_QUERY]}=${value}`)
    .join('');
}
