import { describe, expect, test } from 'vitest';
import { parseArguments, UsageError } from './arguments.ts';

const SECRET = 'AAAAAAAAAAAAAAAAAAAAAA';
const LINK = `https://192.168.1.7:8443/r/amber-fox-42#${SECRET}`;

describe('the arguments of a peer', () => {
  test('a link says the server, the room and the secret', () => {
    expect(
      parseArguments([LINK, '--name', ' Edge ', '--memory', '2000', '--threads', '3', '--once']),
    ).toEqual({
      link: { room: 'amber-fox-42', secret: SECRET },
      server: 'https://192.168.1.7:8443',
      model: null,
      mode: 'fastest',
      name: 'Edge',
      memoryBytes: 2e9,
      threads: 3,
      provider: 'cpu',
      folder: null,
      diskBytes: null,
      once: true,
      door: null,
    });
  });

  test('a door is on this computer unless another address is given', () => {
    const door = { host: '127.0.0.1', port: 8484, noKey: false, hosts: [], origins: [] };
    expect(parseArguments([LINK, '--serve', '8484'])).toMatchObject({ door });
    expect(parseArguments([LINK, '--serve', '127.0.0.1:8484', '--no-key'])).toMatchObject({
      door: { ...door, noKey: true },
    });
    expect(
      parseArguments([
        LINK,
        '--serve',
        '[::]:80',
        '--allow-host',
        'Edge.local',
        '--allow-origin',
        'https://a.example',
      ]),
    ).toMatchObject({
      door: { host: '::', port: 80, hosts: ['edge.local'], origins: ['https://a.example'] },
    });
  });

  test('a link in the environment counts where the arguments have none', () => {
    const other = LINK.replace('amber-fox-42', 'calm-owl-10');
    expect(parseArguments([], LINK)).toMatchObject({ link: { room: 'amber-fox-42' } });
    expect(parseArguments([other], LINK)).toMatchObject({ link: { room: 'calm-owl-10' } });
    expect(parseArguments(['--lead', '--model', 'a.onnx'], LINK)).toMatchObject({ link: null });
  });

  test('who leads tells the model, and the server where it is not here', () => {
    const lead = ['--lead', '--model', 'a.onnx'];
    expect(parseArguments(lead)).toMatchObject({
      link: null,
      server: 'https://localhost:8443',
      model: 'a.onnx',
    });
    const there = [...lead, '--server', 'http://127.0.0.1:9000/', '--mode', 'everyone'];
    expect(parseArguments(there)).toMatchObject({ server: 'http://127.0.0.1:9000', mode: 'everyone' });
  });

  test.each([
    [[], /link of a room is missing/],
    [['https://potluck.example/'], /not the link/],
    [[`${LINK.split('#')[0]}`], /put the link in quotes/],
    [['ftp://host/r/amber-fox-42#AAAAAAAAAAAAAAAAAAAAAA'], /not the link/],
    [[LINK, LINK], /One link is enough/],
    [[LINK, '--lead', '--model', 'a.onnx'], /not both/],
    [['--lead'], /needs --model/],
    [[LINK, '--model', 'a.onnx'], /go with --lead/],
    [[LINK, '--memory', '0'], /--memory must be a whole number/],
    [[LINK, '--provider', 'tpu'], /--provider must be cpu, cuda, webgpu or auto/],
    [[LINK, '--threads', '1.5'], /--threads must be a whole number/],
    [['--lead', '--model', 'a', '--mode', 'slow'], /--mode must be/],
    [['--lead', '--model', 'a', '--server', 'nowhere'], /--server must be/],
    [[LINK, '--wings'], /--wings/],
    [[LINK, '--serve', '70000'], /--serve must be/],
    [[LINK, '--serve', 'example.org:80'], /--serve must be/],
    [[LINK, '--serve', '::1'], /--serve must be/],
    [[LINK, '--serve', '0.0.0.0:8484', '--no-key'], /this computer alone/],
    [[LINK, '--no-key'], /go with --serve/],
    [[LINK, '--serve', '1', '--allow-host', 'a:1'], /without a port/],
    [[LINK, '--serve', '1', '--allow-origin', 'https://a/b'], /--allow-origin must be/],
  ])('%j is explained', (args, message) => {
    expect(() => parseArguments(args)).toThrow(UsageError);
    expect(() => parseArguments(args)).toThrow(message);
  });

  test('help goes before all else', () => {
    expect(parseArguments(['--help'])).toBe('help');
  });
});
