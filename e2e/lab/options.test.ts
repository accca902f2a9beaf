import { expect, it } from 'vitest';
import { parseLabOptions } from './options.ts';

it('fills in what is not said', () => {
  expect(parseLabOptions(['--model', 'm.onnx'])).toEqual({
    model: 'm.onnx',
    devices: 3,
    edge: 0,
    allDevices: false,
    input: undefined,
    seed: 0,
    dims: {},
    requests: 10,
    inFlight: 4,
    provider: 'auto',
    memory: [],
    from: 'file',
    cpu: [],
    link: [],
    json: undefined,
    trace: undefined,
    task: 'run',
    generate: {
      prompts: ['Once upon a time'],
      maxNewTokens: 64,
      temperature: 0,
      sampleSeed: 0,
      conversations: 1,
    },
    faults: [],
  });
});

it('reads what is to be written', () => {
  const said =
    '--model m.onnx --task generate --prompt One --prompt Two --max-new-tokens 9 --temperature 0.8 --sample-seed 3';
  expect(parseLabOptions(said.split(' '))).toMatchObject({
    task: 'generate',
    generate: { prompts: ['One', 'Two'], maxNewTokens: 9, temperature: 0.8, sampleSeed: 3, conversations: 2 },
  });
  for (const wrong of ['--task talk', '--temperature -1', '--greedy --temperature 1', '--max-new-tokens 0']) {
    expect(() => parseLabOptions(['--model', 'm.onnx', ...wrong.split(' ')])).toThrow(/--/);
  }
});

it('reads every option', () => {
  const said =
    '--model m.onnx --devices 2 --edge 1 --all-devices --input i.pb --seed 7 --dim batch=1 --dim a=b=3 --requests 5 ' +
    '--in-flight 2 --provider webgpu --memory 350,200 --from url --cpu 100,50 --link 20ms/40,2.5ms/0.5 --json o.json ' +
    '--task generate --prompt A --greedy --conversations 4 --fault kill:0@3 --fault server-restart@9';
  expect(parseLabOptions(said.split(' '))).toEqual({
    model: 'm.onnx',
    devices: 2,
    edge: 1,
    allDevices: true,
    input: 'i.pb',
    seed: 7,
    dims: { batch: 1, 'a=b': 3 },
    requests: 5,
    inFlight: 2,
    provider: 'webgpu',
    memory: [350, 200],
    from: 'url',
    cpu: [100, 50],
    link: [
      { delayMs: 20, mbitPerSec: 40 },
      { delayMs: 2.5, mbitPerSec: 0.5 },
    ],
    json: 'o.json',
    task: 'generate',
    generate: { prompts: ['A'], maxNewTokens: 64, temperature: 0, sampleSeed: 0, conversations: 4 },
    faults: [
      { kind: 'kill', device: 0, at: 3 },
      { kind: 'server-restart', at: 9 },
    ],
  });
});

it.each([
  ['', /--model/],
  ['--model m --devices 0', /--devices/],
  ['--model m --devices 33', /--devices/],
  ['--model m --devices two', /--devices/],
  ['--model m --requests 1.5', /--requests/],
  ['--model m --seed -1', /--seed/],
  ['--model m --dim batch', /--dim/],
  ['--model m --dim batch=0', /--dim/],
  ['--model m --provider cuda', /--provider/],
  ['--model m --cpu 0', /--cpu/],
  ['--model m --cpu 100,half', /--cpu/],
  ['--model m --link 20/40', /--link/],
  ['--model m --link 20ms/0', /--link/],
  ['--model m --fault kill:1', /--fault "kill:1"/],
  ['--model m --devices 2 --fault kill:2@3', /I must be below 2/],
  ['--model m --requests 5 --fault kill:1@5', /T must be below 5/],
  ['--model m --task generate --max-new-tokens 8 --fault kill:1@8', /T must be below 8/],
  ['--model m --fast', /--fast/],
  ['--model m extra', /extra/],
])('refuses "%s" and names the option', (said, named) => {
  expect(() => parseLabOptions(said.split(' ').filter(Boolean))).toThrow(named);
});
