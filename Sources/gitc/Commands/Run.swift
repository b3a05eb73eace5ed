import ArgumentParser
import Captioning
import Diagnostics
import Evaluation

/// `gitc run`: from pictures and clips to captions.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Caption images, videos and folders of frames.",
    discussion: """
      INPUT is an image (JPEG, PNG, WebP), a video, a folder of frames, an .npy array of normalised \
      pixels, an image TSV (one result per row, named FILE#KEY), or - for paths on stdin, one per \
      line. With --each, a folder is its images, one result each.

      text is the caption alone for one input, else INPUT, tab, caption; with several questions, each \
      answer has its question before it. srt and vtt show the inputs one after the other, a video for \
      its duration, everything else for a second. An input that cannot be read has an error in its \
      place in json and jsonl, and a line on stderr; the others go on, and the exit code is 65.

      An input is looked at once, however many beams, samples and questions there are.

      Example: gitc run scenes.plan photo.jpg
               gitc run scenes.plan clip.mp4 frames/ --beam 4 --format json
               gitc run git.plan photo.jpg --question 'what is this?' --question 'what colour is it?'
               gitc run git.plan photo.jpg --search original --format json
               gitc run git.plan photo.jpg --sample --top-p 0.9 --seed 7 --alternatives 5 --format json
               gitc run git.plan photo.jpg --classes names.txt --beam 5 --alternatives 5 --format json
               find photos -name '*.jpg' | gitc run scenes.plan - --format jsonl -o captions.jsonl
      """)

  @Argument(help: "Plan that gitc compile wrote.")
  var plan: String

  @Argument(help: ArgumentHelp("What to caption.", valueName: "input"))
  var inputs: [String]

  @OptionGroup var captioning: CaptioningOptions

  @Option(help: "text, json, jsonl, srt or vtt.")
  var format = CaptionFormat.text

  @Flag(help: "The images of a folder are inputs of their own.")
  var each = false

  @Flag(help: "Turn photos upright as their EXIF data says; without it they are taken as stored.")
  var exif = false

  @Option(name: .shortAndLong, help: "File to write instead of stdout.")
  var output: String?

  @OptionGroup var execution: ExecutionOptions

  func validate() throws {
    if captioning.question.count > 1, format.hasTimes {
      throw ValidationError("\(format.rawValue) shows one answer at a time; ask one question")
    }
  }

  func run() throws {
    let walk = InputWalk(paths: inputs, each: each)
    let captioner = try execution.captioner(plan)
    captioner.turnsPhotosUpright = exif
    let questions = captioning.questions
    var run = CaptionRun(
      captioner: captioner, options: try captioning.values(for: captioner), questions: questions,
      printer: CaptionPrinter(
        format, isSingle: walk.isSingle, tellsQuestions: questions.count > 1))
    try ResultFile.write(to: output) { put throws(InputError) in try run.all(walk, put) }
    if let failure = run.failures.first {
      throw walk.isSingle ? ExitStatus(failure.kind).code : ExitStatus.badData.code
    }
  }
}
