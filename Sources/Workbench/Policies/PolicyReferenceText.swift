import PolicyLibrary

/// The policy reference as it is printed.
public enum PolicyReferenceText {
  public static var markdown: String { PolicyReference.markdown }
}
