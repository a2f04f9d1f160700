import fc from "fast-check";
import { expect, it } from "vitest";
import { parseCommandLine } from "./command-line.ts";
import { formatArgs, formatCommandLine } from "./format.ts";
import { formatOptionList, parseOptionList } from "./option-list.ts";
import { joinWords, splitWords } from "./shell-words.ts";
import { anyText, machines } from "./testing/machines.ts";

it("what is printed reads as the same machine", () => {
  fc.assert(
    fc.property(machines, (config) => {
      expect(parseCommandLine(formatArgs(config))).toEqual(config);
      expect(parseCommandLine(formatCommandLine(config))).toEqual(config);
    }),
  );
}, 30_000);

it("words survive being joined and split", () => {
  fc.assert(
    fc.property(fc.array(anyText), (words) => {
      expect(splitWords(joinWords(words))).toEqual(words);
    }),
  );
});

it("values of option lists survive being joined and split", () => {
  const pairs = fc.array(fc.tuple(fc.stringMatching(/^[a-z-]{1,4}$/), anyText));
  fc.assert(
    fc.property(pairs, (list) => {
      expect(parseOptionList(formatOptionList(null, list), null)).toEqual(list);
    }),
  );
});

it("any text at all is a machine or an error with a sentence, never anything else", () => {
  const word = fc.oneof(anyText, fc.constantFrom("-M", "-m", "-drive", "-device", "-chardev", "-object", "-smp", "-d"));
  const value = fc.oneof(anyText, fc.stringMatching(/^[a-z-]{0,6}(=[a-z0-9,]{0,6})?(,[a-z]{0,4}=[a-z0-9]{0,4}){0,3}$/));
  fc.assert(
    fc.property(fc.array(fc.tuple(word, value)), (words) => {
      try {
        parseCommandLine(words.flat());
      } catch (error) {
        expect(error).toMatchObject({ name: "ConfigError" });
      }
    }),
  );
});
