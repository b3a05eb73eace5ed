import ArgumentParser

@main
struct GITC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gitc",
    abstract: "Train, compile and run image and video captioners on a CPU.")
}
