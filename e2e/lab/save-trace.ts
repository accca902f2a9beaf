import { writeFileSync } from 'node:fs';
import type { Page } from 'playwright';
import type { PotluckWindow } from '../session-page.ts';

/** Writes what all devices did lately, as this page collects it. Returns the names of those who did not answer. */
export async function saveTrace(page: Page, file: string): Promise<readonly string[]> {
  const trace = await page.evaluate(() => (globalThis as unknown as PotluckWindow).potluck.trace());
  writeFileSync(file, `${JSON.stringify(trace)}\n`);
  return trace.otherData.missing;
}
