import ArgumentParser

/// `gitc data`: data sets.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make data sets.",
    discussion: "Example: gitc data scenes -o scenes --images 1000 --clips 200",
    subcommands: [DataScenes.self])
}
