import type { Step } from './step.ts';
import type { Device, World } from './world.ts';

export const FAULTS = [
  'kill',
  'close',
  'freeze',
  'partition',
  'delay',
  'reorder',
  'duplicate',
  'drop',
  'corrupt',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Those that end a device, and whatever it asked. */
export function isDeadly(fault: Fault): boolean {
  return fault === 'kill' || fault === 'close';
}

/** `struck` fails now, just as `step` was sent and before it can have arrived. */
export function strike(world: World, struck: Device, fault: Fault, step: Step, random: () => number): void {
  const { clock, gate, rendezvous, member } = struck;
  const later = (ms: number, run: () => void): void => void world.clock.setTimeout(run, ms);
  const seconds = 1000 * (1 + 9 * random());
  const { pairs } = world.dialler;
  switch (fault) {
    case 'kill':
      struck.alive = false;
      clock.kill();
      later(3, () => rendezvous.disconnect('away'));
      return;
    case 'close':
      struck.alive = false;
      later(0, () => {
        member.close('closed the page');
        rendezvous.disconnect('gone');
      });
      return;
    case 'freeze':
      clock.freeze();
      later(seconds, () => clock.thaw());
      return;
    case 'partition':
      // Packets are kept back as by a network that comes again; the server sees the device go and come.
      clock.freeze();
      rendezvous.disconnect('away');
      later(seconds, () => {
        rendezvous.reconnect();
        clock.thaw();
      });
      return;
    case 'delay':
      for (const { conditions, back } of pairs) conditions.delayMs = back.delayMs = 400;
      later(seconds, () => {
        for (const { conditions, back } of pairs) conditions.delayMs = back.delayMs = 1;
      });
      return;
    case 'reorder':
      for (const { conditions, back } of pairs) conditions.jitterMs = back.jitterMs = 60;
      return;
    case 'duplicate':
      gate.copies = 2;
      later(seconds, () => {
        gate.copies = 1;
      });
      return;
    case 'corrupt':
      gate.damages.set(step.what === 'activation' || step.what === 'shard' ? step.what : 'control', 1);
      return;
    case 'drop':
      for (const wire of [...gate.wires]) wire.close('the network changed');
  }
}
