import ArgumentParser

struct ServeCommand: ParsableCommand {}
struct GatewayCommand: ParsableCommand {}
struct PolicyCommand: ParsableCommand {}
struct ExpressionCommand: ParsableCommand {}
