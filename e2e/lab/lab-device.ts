import type { Device } from '../browser.ts';
import type { Emulation } from './page/emulation.ts';
import type { PotluckLab } from './page/potluck-lab.ts';

/** Gives a device another share of a core, in the middle of a run. @throws Error when it was opened without a quota. */
export function setCpu({ quota }: Device, percent: number): void {
  if (!quota) throw new Error('This device was opened without a quota.');
  quota.set(percent);
}

/** Changes how long computing takes on a device whose page is the lab's, from its next run on. */
export async function setEmulation({ page }: Device, change: Partial<Emulation>): Promise<void> {
  await page.evaluate((given) => {
    const { potluckLab } = globalThis as unknown as { potluckLab: PotluckLab };
    Object.assign(potluckLab.emulation, given);
  }, change);
}
