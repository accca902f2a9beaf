import type { Device } from '../../browser.ts';
import { browserProcesses, signalAll } from '../../process-tree.ts';
import { setEmulation } from '../lab-device.ts';
import type { PotluckLab } from '../page/potluck-lab.ts';

/** How wrong the values of a corrupt device are: too little to see, and more than arithmetic explains. */
const CORRUPT_SHARE = 0.05;

/** Ends the browser with all its processes, as a battery that is empty does: nobody is told. */
export function kill({ profile }: Device): void {
  signalAll(found(profile), 'SIGKILL');
}

/** Stops all its processes for so long, as a phone does with a page that it puts to sleep. Nobody is waited for. */
export function freeze({ profile }: Device, seconds: number): void {
  const processes = found(profile);
  signalAll(processes, 'SIGSTOP');
  setTimeout(() => signalAll(processes, 'SIGCONT'), seconds * 1000);
}

/** Cuts the page, which must be the lab's, off from all devices and from the server. */
export async function partition({ page }: Device, seconds: number): Promise<void> {
  await page.evaluate((ms) => {
    (globalThis as unknown as { potluckLab: PotluckLab }).potluckLab.partition.cut(ms);
  }, seconds * 1000);
}

/** Makes all that the device computes slightly wrong from now on; its page must be the lab's. */
export async function corrupt(device: Device): Promise<void> {
  await setEmulation(device, { corrupt: CORRUPT_SHARE });
}

function found(profile: string): number[] {
  const processes = browserProcesses(profile);
  if (processes.length === 0) throw new Error('The processes of this browser cannot be found here.');
  return processes;
}
