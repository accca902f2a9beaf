import { type Fault, play } from './schedule.ts';

const [work, devices, fault, step, seed] = process.argv.slice(2);
try {
  const p = await play({
    devices: Number(devices),
    work: work as 'stream',
    fault: fault as Fault,
    step: Number(step),
    seed: Number(seed),
  });
  console.log(p.answers.length, p.ms);
} catch (e) {
  console.log(String(e).slice(0, 3000));
}
process.exit(0);
