import { MemoryMarks } from './memory-marks.ts';

const LOCK = 'potluck:page:';

/** The marks of this page: kept for the next visit, and known to be alive by a lock that ends with the page. */
export function marksOfThisPage(): MemoryMarks {
  const page = crypto.randomUUID();
  // Held until the page ends. Where locks are refused, pages count as dead when they are not: too careful, not wrong.
  void navigator.locks.request(LOCK + page, () => new Promise<never>(() => undefined)).catch(() => undefined);
  const lives = async (other: string): Promise<boolean> => {
    const { held = [] } = await navigator.locks.query();
    return held.some(({ name }) => name === LOCK + other);
  };
  const marks = new MemoryMarks({ slots: localStorage, page, lives });
  addEventListener('pagehide', () => marks.leave());
  return marks;
}
