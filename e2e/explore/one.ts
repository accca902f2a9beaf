import { FAULTS, play } from './schedule.ts';

let bad = 0,
  n = 0;
const t0 = performance.now();
for (const work of ['stream', 'generation'] as const)
  for (const devices of [2, 3, 4, 5]) {
    const o = await play({ devices, work, fault: 'none', step: 0, seed: 1 });
    for (const fault of FAULTS)
      for (let step = 1; step < o.steps; step += Number(process.argv[2] ?? 9))
        for (const seed of [1, 2, 3]) {
          n++;
          try {
            const p = await play({ devices, work, fault, step, seed });
            if (JSON.stringify(p.answers) !== JSON.stringify(o.answers))
              throw new Error('other answers ' + p.answers.length);
          } catch (e) {
            if (bad++ < 40) console.log(work, devices, fault, step, seed, String(e).slice(0, 1500));
          }
        }
    console.log(work, devices, o.steps, n, bad, ((performance.now() - t0) / n).toFixed(1), 'ms each');
  }
process.exit(0);
