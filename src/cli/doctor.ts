import { spawnSync } from 'node:child_process';
import { describeNodeRuntime } from '../node.js';
import type { Command } from './command.js';
import { type MachineReport, machineAdvice } from './doctor-advice.js';
import { bytesText, jsonText, printable, tableText } from './format.js';
import { packageVersion } from './version.js';

/** Tells what this machine offers. */
export const doctorCommand: Command = {
  name: 'doctor',
  usage: '',
  summary: 'tell what this machine offers: runtime, devices, threads, memory',
  options: [{ name: 'json', kind: 'flag', help: 'as JSON' }],
  async run(values, { out }) {
    const report: MachineReport = { ...(await describeNodeRuntime()), ffmpeg: hasFfmpeg() };
    const advice = machineAdvice(report);
    const versions = {
      version: packageVersion(),
      node: process.version,
      platform: `${process.platform} ${process.arch}`,
    };
    if (values.flag('json')) {
      out(jsonText({ ...versions, ...report, advice }));
      return;
    }
    out(tableText([...versionRows(versions), ...machineRows(report)]));
    if (advice.length > 0) out(`\n${advice.map((line) => `- ${line}`).join('\n')}`);
  },
};

function versionRows(versions: { version: string; node: string; platform: string }): string[][] {
  return [
    ['animatediff-js', versions.version],
    ['Node', `${versions.node}, ${versions.platform}`],
  ];
}

function machineRows({ runtime, devices, cpu, memory, cache, ffmpeg }: MachineReport): string[][] {
  return [
    ['ONNX Runtime', 'problem' in runtime ? runtime.problem : runtime.version],
    ['CPU', `${cpu.model}, ${cpu.threads} threads`],
    ['memory', `${bytesText(memory.free)} free of ${bytesText(memory.total)}`],
    ['weights cache', `${bytesText(cache.byteLength)} in ${cache.directory}`],
    ['ffmpeg', ffmpeg ? 'found' : 'not found'],
    ...devices.map((report) => [
      `device ${report.device}`,
      report.available
        ? ['works', ...report.capabilities.notes].join('; ')
        : `not here: ${printable(report.reason, 400)}`,
    ]),
  ];
}

function hasFfmpeg(): boolean {
  return spawnSync('ffmpeg', ['-version'], { stdio: 'ignore' }).status === 0;
}
