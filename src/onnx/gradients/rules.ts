import {
  errorFunctionRule,
  exponentialRule,
  geluRule,
  sigmoidRule,
  softmaxRule,
  squareRootRule,
} from './activation-rules.js';
import { addRule, divideRule, maximumRule, multiplyRule, subtractRule } from './arithmetic-rules.js';
import { convRule } from './conv-rule.js';
import type { GradientRule } from './gradient-rule.js';
import { instanceNormRule, layerNormRule } from './norm-rules.js';
import { gemmRule, matmulRule } from './product-rules.js';
import { extremeRule, meanRule, sumOfSquaresRule, sumRule } from './reduce-rules.js';
import { resizeRule } from './resize-rule.js';
import { gatherRule, sliceRule } from './selection-rules.js';
import {
  castRule,
  concatRule,
  expandRule,
  identityRule,
  reshapeRule,
  splitRule,
  transposeRule,
} from './shape-rules.js';

/** How gradients pass each operator of ONNX that the networks are written in without fused ones. */
export const gradientRules: ReadonlyMap<string, GradientRule> = new Map([
  ['Add', addRule],
  ['Sub', subtractRule],
  ['Mul', multiplyRule],
  ['Div', divideRule],
  ['Max', maximumRule],
  ['Sqrt', squareRootRule],
  ['Exp', exponentialRule],
  ['Erf', errorFunctionRule],
  ['Sigmoid', sigmoidRule],
  ['Gelu', geluRule],
  ['Softmax', softmaxRule],
  ['Gemm', gemmRule],
  ['MatMul', matmulRule],
  ['Conv', convRule],
  ['InstanceNormalization', instanceNormRule],
  ['LayerNormalization', layerNormRule],
  ['Identity', identityRule],
  ['Reshape', reshapeRule],
  ['Transpose', transposeRule],
  ['Concat', concatRule],
  ['Split', splitRule],
  ['Expand', expandRule],
  ['Cast', castRule],
  ['Slice', sliceRule],
  ['Gather', gatherRule],
  ['Resize', resizeRule],
  ['ReduceSum', sumRule],
  ['ReduceMean', meanRule],
  ['ReduceMax', extremeRule],
  ['ReduceMin', extremeRule],
  ['ReduceSumSquare', sumOfSquaresRule],
]);
