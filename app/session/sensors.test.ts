import { describe, expect, test } from 'vitest';
import type { Battery } from '../../core/session/state.ts';
import { VirtualClock } from '../../core/weights/virtual-clock.ts';
import { watchBattery } from './battery.ts';
import { type PressureSource, watchPressure } from './pressure.ts';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

class FakeBattery extends EventTarget {
  level = 1;
  charging = true;

  change(level: number, charging: boolean): void {
    const plug = charging !== this.charging;
    this.level = level;
    this.charging = charging;
    this.dispatchEvent(new Event(plug ? 'chargingchange' : 'levelchange'));
  }
}

async function battery(): Promise<{ clock: VirtualClock; battery: FakeBattery; told: Battery[] }> {
  const clock = new VirtualClock(turn);
  const fake = new FakeBattery();
  const told: Battery[] = [];
  await watchBattery({ getBattery: async () => fake }, clock, (value) => told.push(value));
  return { clock, battery: fake, told };
}

describe('the battery', () => {
  test('of a browser that does not tell, or of a plugged-in computer without one, is not told', async () => {
    const { told } = await battery();
    const clock = new VirtualClock(turn);
    await watchBattery({}, clock, (value) => told.push(value));
    const refusing = { getBattery: () => Promise.reject(new Error('not allowed')) };
    await watchBattery(refusing, clock, (value) => told.push(value));
    expect(told).toEqual([]);
  });

  test('is told at most every 10 s as it drains, the last value always', async () => {
    const { clock, battery: fake, told } = await battery();
    fake.change(0.99, false);
    fake.change(0.981, false);
    fake.change(0.9701, false);
    expect(told).toEqual([{ charge: 0.99, charging: false }]);
    await clock.pass(10_000);
    expect(told.slice(1)).toEqual([{ charge: 0.97, charging: false }]);
  });

  test('that is plugged in is told at once, and nothing after it twice', async () => {
    const { clock, battery: fake, told } = await battery();
    fake.change(0.5, false);
    fake.change(0.49, false);
    fake.change(0.49, true);
    await clock.pass(30_000);
    expect(told.map(({ charging }) => charging)).toEqual([false, true]);
    expect(clock.pending).toBe(0);
  });
});

describe('the pressure', () => {
  function pressure(): {
    clock: VirtualClock;
    say: (state: 'nominal' | 'serious' | 'critical') => void;
    told: string[];
  } {
    const clock = new VirtualClock(turn);
    const told: string[] = [];
    let heard: (records: readonly { state: 'nominal' | 'serious' | 'critical' }[]) => void = () => undefined;
    const source: PressureSource = {
      PressureObserver: class {
        static readonly knownSources = ['cpu', 'thermals'];
        constructor(listener: typeof heard) {
          heard = listener;
        }
        observe = async (): Promise<void> => undefined;
      },
    };
    watchPressure(source, clock, (value) => told.push(value));
    return { clock, say: (state) => heard([{ state }]), told };
  }

  test('is not told while nominal, nor where there is no observer', () => {
    const { say, told } = pressure();
    say('nominal');
    watchPressure({}, new VirtualClock(turn), (value) => told.push(value));
    class OnlyWork {
      static readonly knownSources = ['cpu'];
      constructor(listener: (records: readonly { state: 'critical' }[]) => void) {
        listener([{ state: 'critical' }]);
      }
      observe = async (): Promise<void> => undefined;
    }
    watchPressure({ PressureObserver: OnlyWork }, new VirtualClock(turn), (value) => told.push(value));
    expect(told).toEqual([]);
  });

  test('goes up to critical at once and down again only after 10 s', async () => {
    const { clock, say, told } = pressure();
    say('serious');
    say('critical');
    say('nominal');
    expect(told).toEqual(['serious', 'critical']);
    await clock.pass(10_000);
    expect(told).toEqual(['serious', 'critical', 'fair']);
  });
});
