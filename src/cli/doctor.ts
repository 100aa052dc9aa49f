import { spawnSync } from 'node:child_process';
import { describeNodeRuntime } from '../node.js';
import type { Command } from './command.js';
import { bytesText, tableText } from './format.js';

/** Tells what this machine offers. */
export const doctorCommand: Command = {
  name: 'doctor',
  usage: '',
  summary: 'tell what this machine offers: runtime, devices, threads, memory',
  options: [{ name: 'json', kind: 'flag', help: 'as JSON' }],
  async run(values, { out }) {
    const report = {
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
      ...(await describeNodeRuntime()),
      ffmpeg: hasFfmpeg(),
    };
    if (values.flag('json')) {
      out(JSON.stringify(report));
      return;
    }
    const { runtime, devices, cpu, memory, cache } = report;
    out(
      tableText([
        ['Node', `${report.node}, ${report.platform}`],
        ['ONNX Runtime', 'problem' in runtime ? runtime.problem : runtime.version],
        ['CPU', `${cpu.model}, ${cpu.threads} threads`],
        ['memory', `${bytesText(memory.free)} free of ${bytesText(memory.total)}`],
        ['weights cache', `${bytesText(cache.byteLength)} in ${cache.directory}`],
        [
          'ffmpeg',
          report.ffmpeg
            ? 'found: MP4 can be written'
            : 'not found: MP4 cannot be written; install ffmpeg for it',
        ],
        ...devices.map((device) => [
          device.device,
          device.available ? ['works', ...device.capabilities.notes].join('; ') : device.reason,
        ]),
      ]),
    );
  },
};

function hasFfmpeg(): boolean {
  return spawnSync('ffmpeg', ['-version'], { stdio: 'ignore' }).status === 0;
}
