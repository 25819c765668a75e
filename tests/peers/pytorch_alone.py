# SPDX-License-Identifier: MIT
"""Parts of platforms/pytorch by themselves, with stand-ins that record calls and their order in the
place of torch and of devices.  Needs no package.  Argument: the project's folder."""

import contextlib
import sys
import tempfile
import unittest
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

root = Path(sys.argv.pop(1))
sys.path[:0] = [str(root / "platforms/pytorch"), str(root / "src/worker")]

import torch_devices as devices  # noqa: E402
import pytorch_cpu  # noqa: E402
import pytorch_cuda  # noqa: E402
import pytorch_mps  # noqa: E402
import torch_tune as tune  # noqa: E402
from cnnbench.options import Usage, read_options  # noqa: E402
from cnnbench.platform import Unavailable  # noqa: E402
from torch_forms import Form, parse_form  # noqa: E402
from torch_graphs import Graphs  # noqa: E402

PLATFORMS = (pytorch_cpu.Platform, pytorch_cuda.Platform, pytorch_mps.Platform)


class Recorder:
    """Any attribute of it is a function that writes its dotted name down."""

    def __init__(self, calls, name="", results=None):
        self.calls, self.name, self.results = calls, name, results or {}

    def __getattr__(self, name):
        return Recorder(self.calls, f"{self.name}.{name}".lstrip("."), self.results)

    def __call__(self, *arguments):
        self.calls.append(self.name)
        return self.results.get(self.name, Recorder(self.calls, f"{self.name}()"))

    def __enter__(self):
        self.calls.append(f"enter {self.name}")

    def __exit__(self, *error):
        self.calls.append(f"leave {self.name}")


class Devices(unittest.TestCase):
    def test_a_call_waits_at_both_ends(self):
        for device, wait in (
            (devices.CPU, []),
            (devices.CUDA, ["cuda.synchronize"]),
            (devices.MPS, ["mps.synchronize"]),
        ):
            with self.subTest(device.type):
                calls = []
                with device.blocking(Recorder(calls)):
                    calls.append("work")
                self.assertEqual(calls, [*wait, "work", *wait])

    def test_counters(self):
        cases = {
            "cuda": ("cuda.max_memory_allocated", "cuda.max_memory_reserved"),
            "mps": ("mps.current_allocated_memory", "mps.driver_allocated_memory"),
            "cpu": (),
        }
        for device in (devices.CPU, devices.CUDA, devices.MPS):
            with self.subTest(device.type):
                names = cases[device.type]
                calls = []
                counted = device.count(Recorder(calls, results=dict.fromkeys(names, 7)))
                self.assertEqual(counted, {f"torch.{name}": 7 for name in names})
                self.assertEqual(calls, list(names))

    def test_memory_is_released_before_a_peak_begins_anew(self):
        calls = []
        devices.CUDA.forget(Recorder(calls))
        self.assertEqual(calls, ["cuda.empty_cache", "cuda.reset_peak_memory_stats"])

    def test_out_of_memory_says_what_would_help(self):
        for text in ("CUDA out of memory. Tried to allocate 2 GiB\nmore", "MPS backend out of memory"):
            with self.subTest(text), self.assertRaises(devices.OutOfMemory) as caught:
                with devices.CUDA.blocking(Recorder([])):
                    raise RuntimeError(text)
            self.assertIn("--batch-size", str(caught.exception))
            self.assertIn(text.split("\n")[0], str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))

    def test_other_errors_stay_what_they_are(self):
        with self.assertRaisesRegex(RuntimeError, "misaligned"), devices.CUDA.blocking(Recorder([])):
            raise RuntimeError("misaligned address")


class Graph(unittest.TestCase):
    def test_capture_and_replay(self):
        calls = []
        graphs = Graphs(Recorder(calls), lambda index: calls.append(f"step of {len(index)}"))
        graphs.capture([0] * 4)
        self.assertEqual(
            calls,
            [
                *("cuda.Stream", "cuda.current_stream", "cuda.Stream().wait_stream"),
                *("cuda.stream", "enter cuda.stream()", "step of 4", "step of 4", "step of 4"),
                *("leave cuda.stream()", "cuda.current_stream", "cuda.current_stream().wait_stream"),
                *("cuda.CUDAGraph", "cuda.graph", "enter cuda.graph()", "step of 4", "leave cuda.graph()"),
            ],
        )

    def test_a_replay_is_of_the_graph_of_its_size(self):
        calls = []
        graphs = Graphs(None, None)
        for size in (4, 3):
            place = Recorder(calls, f"place {size}")
            graphs.captured[size] = Recorder(calls, f"graph {size}"), place
        for batch in ([1, 2, 3, 4], [5, 6, 7]):
            graphs.replay(batch)
        self.assertEqual(calls, ["place 4.copy_", "graph 4.replay", "place 3.copy_", "graph 3.replay"])


class Settings(unittest.TestCase):
    def test_exclusive(self):
        for platform, words in (
            (pytorch_cpu, ("best=true", "compile=true")),
            (pytorch_cpu, ("best=true", "malloc=tuned")),
            (pytorch_cpu, ("dataloader=true", "compile=true")),
            (pytorch_cuda, ("dataloader=true", "graph=true")),
            (pytorch_cuda, ("tf32=true", "bf16=true")),
            (pytorch_mps, ("best=true", "pool_first=true")),
        ):
            with self.subTest(words), self.assertRaisesRegex(Usage, "exclude each other"):
                platform.Platform(read_options(platform.Platform.options, words))

    def test_what_is_not_ranked_says_so(self):
        for platform, word, precision, data in (
            (pytorch_cuda, "deterministic=true", "float32", "float32, resident"),
            (pytorch_cuda, "tf32=true", "tf32", "float32, resident"),
            (pytorch_cuda, "bf16=true", "bfloat16", "float32, resident"),
            (pytorch_cpu, "dataloader=true", "float32", "float32, streaming"),
        ):
            with self.subTest(word):
                made = platform.Platform(read_options(platform.Platform.options, [word]))
                self.assertEqual((made.precision, made.data), (precision, data))

    def test_variants_are_forms_that_exist(self):
        for platform in PLATFORMS:
            for variant in platform.variants:
                words = [word if "=" in word else f"{word}=true" for word in variant.split("+")]
                with self.subTest(f"{platform.summary}: {variant}"):
                    platform(read_options(platform.options, words))

    def test_a_form_is_written_as_it_is_asked_for(self):
        self.assertEqual(str(Form()), "default")
        self.assertEqual(
            str(Form(pool_first=True, malloc="tuned", compile=True)), "compile+malloc=tuned+pool_first"
        )

    def test_a_form_that_an_earlier_process_chose_is_read_back(self):
        for group in pytorch_cpu.Platform(read_options(pytorch_cpu.Platform.options, ["best=true"])).candidates():
            for form in group:
                self.assertEqual(parse_form(str(form)), form)

    def test_candidates_differ(self):
        for platform in PLATFORMS:
            for group in platform(read_options(platform.options, ["best=true"])).candidates():
                self.assertEqual(len(group), len(set(group)))
                self.assertGreaterEqual(len(group), 2)


class Tuning(unittest.TestCase):
    def find(self, groups, times):
        """times: ms a step, by form; the clock goes on by what the forms' steps take."""
        clock, calls = [0.0], []

        def make(form):
            if form not in times:
                raise RuntimeError("no such kernel\nand more")

            def steps(count):
                calls.append(str(form))
                clock[0] += 1e-3 * times[form] * count

            return steps, lambda: calls.append("wait")

        with mock.patch.object(tune.time, "perf_counter", lambda: clock[0]):
            return *tune.find_fastest(groups, make), calls

    def test_the_fastest_wins(self):
        a, b, c = Form(), Form(fused=True), Form(pool_first=True)
        form, record, calls = self.find([[a, b, c]], {a: 3.0, b: 2.0, c: 4.5})
        self.assertEqual(form, b)
        self.assertEqual(record, {"default": 3.0, "fused": 2.0, "pool_first": 4.5})
        self.assertEqual(calls[:6], ["wait", "default", "wait", "wait", "fused", "wait"])
        self.assertEqual(calls.count("fused"), tune.TURNS)
        self.assertEqual(calls.count("pool_first"), 1, "too slow: not tried further")

    def test_the_choice_is_among_the_last_group(self):
        a, b = Form(), Form(malloc="tuned")
        form, record, _ = self.find([[a], [b]], {a: 1.0, b: 2.0})
        self.assertEqual(form, b)
        self.assertEqual(record, {"default": 1.0, "malloc=tuned": 2.0})

    def test_a_form_that_fails_is_passed_over_and_recorded(self):
        a, b = Form(), Form(compile=True)
        form, record, _ = self.find([[a, b]], {a: 1.0})
        self.assertEqual((form, record["compile"]), (a, "RuntimeError: no such kernel"))

    def test_a_form_that_fails_in_a_turn_is_passed_over_and_recorded(self):
        def make(form):
            def steps(_):
                if form.fused:
                    raise MemoryError("no more\nat all")

            return steps, lambda: None

        form, record = tune.find_fastest([[Form(fused=True), Form()]], make)
        self.assertEqual((form, record["fused"]), (Form(), "MemoryError: no more"))
        with self.assertRaisesRegex(RuntimeError, "no form works here: MemoryError: no more"):
            tune.find_fastest([[Form(fused=True)]], make)

    def test_all_fail(self):
        with self.assertRaisesRegex(RuntimeError, "no form works here: RuntimeError: no such kernel"):
            self.find([[Form()]], {})


class Cuda(unittest.TestCase):
    @contextlib.contextmanager
    def installed(self, text):
        with tempfile.TemporaryDirectory() as folder:
            if text:
                Path(folder, "version.py").write_text(text)
            spec = ModuleSpec("torch", None, is_package=True)
            spec.submodule_search_locations = [folder]
            with mock.patch.object(pytorch_cuda.importlib.util, "find_spec", lambda name: spec):
                yield

    def test_built_for(self):
        for line, wanted in (
            ("cuda: Optional[str] = '13.0'", (13, 0)),
            ('cuda = "12.6"', (12, 6)),
        ):
            with self.subTest(line), self.installed(f"debug = False\n{line}\nhip = None\n"):
                self.assertEqual(pytorch_cuda.built_for(), wanted)

    def test_not_built_for_it(self):
        for text, wanted in (("cuda: Optional[str] = None\n", "without CUDA"), ("", "PyTorch is broken")):
            with self.subTest(wanted), self.installed(text):
                with self.assertRaisesRegex(Unavailable, wanted):
                    pytorch_cuda.built_for()

    def test_a_driver_that_is_too_old_is_said(self):
        old = Unavailable("NVIDIA's driver is too old: it runs CUDA 12.2, the package is built for 13.0")
        asked = []

        def require_driver(*version):
            asked.append(version)
            raise old

        platform = pytorch_cuda.Platform(read_options(pytorch_cuda.Platform.options, []))
        with (
            mock.patch.object(pytorch_cuda.Platform, "describe", lambda self: "torch 2"),
            mock.patch.object(pytorch_cuda, "find_driver", lambda: None),
            mock.patch.object(pytorch_cuda, "built_for", lambda: (13, 0)),
            mock.patch.object(pytorch_cuda, "require_driver", require_driver),
            self.assertRaises(Unavailable) as caught,
        ):
            platform.probe()
        self.assertEqual((caught.exception.reason, asked), (old.reason, [(13, 0)]))

    def test_ready(self):
        driver = SimpleNamespace(cuda=(13, 1), gpus=[SimpleNamespace(name="NVIDIA X")])
        platform = pytorch_cuda.Platform(read_options(pytorch_cuda.Platform.options, []))
        with (
            mock.patch.object(pytorch_cuda.Platform, "describe", lambda self: "torch 2"),
            mock.patch.object(pytorch_cuda, "find_driver", lambda: None),
            mock.patch.object(pytorch_cuda, "built_for", lambda: (13, 0)),
            mock.patch.object(pytorch_cuda, "require_driver", lambda *version: driver),
        ):
            found = platform.probe()
        self.assertEqual((found.name, found.kind), ("NVIDIA X", "gpu"))
        self.assertEqual(found.libraries, "torch 2, driver for CUDA 13.1")


class Mps(unittest.TestCase):
    def test_elsewhere(self):
        platform = pytorch_mps.Platform(read_options(pytorch_mps.Platform.options, []))
        for system, machine in (("linux", "x86_64"), ("linux", "arm64"), ("darwin", "x86_64")):
            with (
                self.subTest(f"{system} {machine}"),
                mock.patch.object(pytorch_mps.sys, "platform", system),
                mock.patch.object(pytorch_mps.platform, "machine", lambda: machine),
                self.assertRaisesRegex(Unavailable, "no Apple processor"),
            ):
                platform.probe()


if __name__ == "__main__":
    unittest.main()
