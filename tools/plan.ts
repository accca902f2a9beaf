import { planRooms } from './plan/plan-rooms.ts';

process.exitCode = await planRooms(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(`${text}\n`),
});
