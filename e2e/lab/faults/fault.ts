import { UsageError, whole } from '../usage-error.ts';

/** Something that goes wrong on purpose, once `at` items (or tokens) have been answered. */
export type Fault =
  | { readonly kind: 'kill' | 'corrupt'; readonly device: FaultyDevice; readonly at: number }
  | {
      readonly kind: 'freeze' | 'partition';
      readonly device: FaultyDevice;
      readonly at: number;
      readonly seconds: number;
    }
  | { readonly kind: 'server-restart'; readonly at: number };

/** A device's number in order of joining, peers without a page after all browsers; or whoever leads at that moment. */
type FaultyDevice = number | 'leader';

/** How one is written on the command line. */
const FORMS = 'kill:I@T, freeze:I@T:SECONDS, partition:I@T:SECONDS, corrupt:I@T or server-restart@T';
const MOST_SECONDS = 600;
const MOST_ANSWERS = 10_000_000;

/** @throws UsageError that names the bad part */
export function parseFault(text: string): Fault {
  const [, kind, device, at = '', seconds] = /^([^:@]*)(?::([^@]*))?@([^:]*)(?::(.*))?$/.exec(text) ?? [];
  const part = (name: string): string => `--fault "${text}": ${name}`;
  if (kind === undefined) throw new UsageError(`${part('the fault')} must look like ${FORMS}.`);
  const answered = (): number => whole(part('T'), at, 0, MOST_ANSWERS);
  switch (kind) {
    case 'kill':
    case 'corrupt':
      if (seconds !== undefined) throw new UsageError(`${part(kind)} takes no seconds.`);
      return { kind, device: faulty(part('I'), device), at: answered() };
    case 'freeze':
    case 'partition':
      return {
        kind,
        device: faulty(part('I'), device),
        at: answered(),
        seconds: whole(part('SECONDS'), seconds ?? '', 1, MOST_SECONDS),
      };
    case 'server-restart':
      if (device !== undefined || seconds !== undefined)
        throw new UsageError(`${part(kind)} takes nothing but the number after "@".`);
      return { kind, at: answered() };
    default:
      throw new UsageError(`${part('the kind')} must be one of ${FORMS}, not "${kind}".`);
  }
}

/**
 * Refuses faults that cannot happen in a room of so many devices, or after so many answers.
 * @throws UsageError
 */
export function checkFaults(
  faults: readonly Fault[],
  { devices, edge, answers }: { readonly devices: number; readonly edge: number; readonly answers: number },
): void {
  for (const fault of faults) {
    if (fault.at >= answers)
      throw new UsageError(`--fault "${wordsOf(fault)}": T must be below ${answers}, the number of answers.`);
    const device = numberOf(fault);
    if (device === null) continue;
    const all = devices + edge;
    if (device >= all)
      throw new UsageError(`--fault "${wordsOf(fault)}": I must be below ${all}, the number of devices.`);
    if (device >= devices && needsLabPage(fault))
      throw new UsageError(`--fault "${wordsOf(fault)}": ${fault.kind} needs a device with a page.`);
  }
  if (askerAmong(devices, faults) === null)
    throw new UsageError('--fault: something happens to every device, so nobody is left to ask.');
}

/** The last browser that nothing happens to; null when there is none. Each leader is another device. */
export function askerAmong(devices: number, faults: readonly Fault[]): number | null {
  const hit = new Set(faults.map(numberOf));
  const left = Array.from({ length: devices }, (_, device) => device).filter((device) => !hit.has(device));
  return left.at(-1) ?? null;
}

/** As on the command line. */
export function wordsOf(fault: Fault): string {
  const device = 'device' in fault ? `:${fault.device}` : '';
  const seconds = 'seconds' in fault ? `:${fault.seconds}` : '';
  return `${fault.kind}${device}@${fault.at}${seconds}`;
}

/** True where the lab's own build of the page is needed to bring it about. */
export function needsLabPage({ kind }: Fault): boolean {
  return kind === 'partition' || kind === 'corrupt';
}

/** The device that opened the room leads it, until something happens to it. */
function numberOf(fault: Fault): number | null {
  if (!('device' in fault)) return null;
  return fault.device === 'leader' ? 0 : fault.device;
}

function faulty(part: string, text: string | undefined): FaultyDevice {
  return text === 'leader' ? text : whole(`${part} (or "leader")`, text ?? '', 0, 31);
}
